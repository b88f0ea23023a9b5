{%- set happened = {
    'feedback': 'responded_at',
    'invitation': 'coalesce(invited_at, eligible_at)',
    'customer': 'valid_from',
    'interaction': 'opened_at',
    'interaction_event': 'occurred_at',
    'order': 'ordered_at',
    'usage': 'usage_date',
    'web_session': 'started_at',
    'outcome': 'due_at',
    'exposure': 'exposed_at',
} -%}
with

declared as (
    select * from {{ source('declared', 'source_record') }}
),

counted as (
    {%- for record, at in happened.items() %}
    select
        source,
        '{{ record }}' as record,
        count(*) as row_count,
        max({{ instant(at) }}) as newest_at
    from {{ ref('stg_' ~ record) }}
    group by source
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        declared.source,
        declared.record,

        cast(coalesce(counted.row_count, 0) as bigint) as row_count,
        {{ to_double('declared.freshness_hours') }} as allowed_hours,
        {{ ratio(minutes_between('counted.newest_at', as_of_end()), 60) }} as hours_behind,

        case
            when declared.freshness_hours is null then null
            when counted.newest_at is null then false
            else
                {{ ratio(minutes_between('counted.newest_at', as_of_end()), 60) }}
                <= declared.freshness_hours
        end as is_fresh,

        counted.newest_at
    from declared
    left join counted
        on declared.source = counted.source and declared.record = counted.record
    where declared.record in ({{ "'" ~ happened | join("', '") ~ "'" }})
)

select * from final

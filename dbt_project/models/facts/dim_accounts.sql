with

accounts as (
    select * from {{ ref('stg_account') }}
),

final as (
    select
        account_id,

        {%- for segment in account_segments() %}
        coalesce({{ segment }}, 'unknown') as {{ segment }},
        {%- endfor %}
        coalesce(owner_team, 'unknown') as owner_team,

        valid_from,
        lead(valid_from) over (partition by account_id order by valid_from) as valid_to,
        first_value(opened_at) over (
            partition by account_id order by valid_from desc nulls last
        ) as opened_at
    from accounts
)

select * from final

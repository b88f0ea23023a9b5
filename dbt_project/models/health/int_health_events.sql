with

windows as (
    select
        component.health_id,
        component.component,
        component.metric,
        reference_day.reference,
        reference_day.ends_at,
        {{ add_days('reference_day.ends_at', '-component.window_days') }} as starts_at
    from {{ source('declared', 'health_component') }} as component
    inner join {{ ref('int_health_reference_days') }} as reference_day
        on component.health_id = reference_day.health_id
),

events as (
    {%- for metric, fact in metrics().items() %}
    {%- set dated = facts()[fact] %}
    select
        windows.health_id,
        windows.component,
        windows.reference,
        fact.customer_id,
        {{ instant('fact.' ~ dated.at) }} as event_at,
        fact.{{ metric }}_numerator as numerator,
        fact.{{ metric }}_denominator as denominator
    from {{ ref(fact) }} as fact
    inner join windows
        on
            windows.metric = '{{ metric }}'
            and fact.{{ dated.at }} >= windows.starts_at
            {%- if dated.ends_on %}
            and fact.{{ dated.ends_on }} <= windows.ends_at
            {%- else %}
            and fact.{{ dated.at }} < windows.ends_at
            {%- endif %}
    where fact.{{ metric }}_denominator > 0 and fact.customer_id is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select * from events
)

select * from final

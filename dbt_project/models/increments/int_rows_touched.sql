with

-- what the changed rows were, and what they are now
final as (
    {%- if is_increment() %}
    select distinct
        fact_name,
        customer_id,
        event_date
    from {{ ref('int_rows_changed') }}
    where event_date is not null
    {%- for fact in changing_facts() %}
    union distinct
    select
        '{{ fact }}' as fact_name,
        customer_id,
        {{ facts()[fact].date }} as event_date
    from {{ ref(fact) }}
    where {{ facts()[fact].id }} in ({{ changed_rows(fact) }})
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as fact_name,
        cast(null as {{ t_string() }}) as customer_id,
        cast(null as date) as event_date
    where 1 = 0
    {%- endif %}
)

select * from final

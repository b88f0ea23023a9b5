with

-- those of the changed rows as they were, and as they are now
final as (
    {%- if is_increment() %}
    select
        fact_name,
        unit_before as unit_id
    from {{ ref('int_rows_changed') }}
    where unit_before is not null
    {%- for fact in changing_facts() if facts()[fact].id != 'customer_id' %}
    union distinct
    select
        '{{ fact }}' as fact_name,
        {{ unit_of_event(fact) }} as unit_id
    from {{ ref(fact) }}
    where {{ facts()[fact].id }} in ({{ changed_rows(fact) }})
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as fact_name,
        cast(null as {{ t_string() }}) as unit_id
    where 1 = 0
    {%- endif %}
)

select * from final

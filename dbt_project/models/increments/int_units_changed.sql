{%- set placed = (
    ['experiment_id', 'unit_id', 'cluster_id', 'variant'] + segments() + ['exposed_at']
) -%}

with

-- units with a changed row; those who entered, left or moved; and all who have or had something of
-- a fact that is built whole
final as (
    {%- if is_increment() %}
    select distinct unit_id
    from {{ ref('int_units_touched') }}
    {%- for first, second in [
        [ref('int_units_followed'), table_before('experiment_unit_metrics')],
        [table_before('experiment_unit_metrics'), ref('int_units_followed')],
    ] %}
    union distinct
    select unit_id
    from (
        select {{ placed | join(', ') }}
        from {{ first }}
        except
        select {{ placed | join(', ') }}
        from {{ second }}
    ) as moved
    {%- endfor %}
    {%- for fact in measured_facts() if fact not in changing_facts() %}
    union distinct
    select units.unit_id
    from {{ ref('int_units_followed') }} as units
    inner join {{ ref(fact) }} as fact on units.unit_id = fact.customer_id
    where units.experiment_id in (select experiment_id from ({{ metrics_named(fact) }}) as named)
    union distinct
    select unit_id
    from {{ table_before('experiment_unit_metrics') }}
    where
        {%- for metric in metrics_of(fact) %}
        {{ metric }}_n_events > 0 or {{ metric }}_pre_den > 0
        {{- ' or' if not loop.last }}
        {%- endfor %}
    {%- endfor %}
    {%- else %}
    select cast(null as {{ t_string() }}) as unit_id
    where 1 = 0
    {%- endif %}
)

select * from final

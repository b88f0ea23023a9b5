{{ replace_where("unit_id in (select unit_id from {{ ref('int_units_changed') }})") }}
{#- sqlfluff measures the indentation of the columns that a loop writes, not of the loop -#}
-- noqa: disable=LT02
with

units as (
    select * from {{ ref('int_units_followed') }}
    {%- if is_increment() %}
    where unit_id in (select unit_id from {{ ref('int_units_changed') }})
    {%- endif %}
),
{% for fact in measured_facts() %}
{%- set dated = facts()[fact] %}
{{ fact }}_named as (
    {{ metrics_named(fact) }}
),

{{ fact }}_events as (
    select
        units.experiment_id,
        units.unit_id,
        fact.{{ dated.at }} >= units.exposed_at as is_after,
        {%- for metric in metrics_of(fact) %}
        fact.{{ metric }}_denominator > 0 as is_{{ metric }},
        fact.{{ metric }}_numerator,
        fact.{{ metric }}_denominator
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(fact) }} as fact
    inner join units
        on
            fact.customer_id = units.unit_id
            and {{ is_in_windows('fact', dated, 'units') }}
    where
        units.experiment_id in (
            select {{ fact }}_named.experiment_id from {{ fact }}_named
        )
),

{{ fact }}_totals as (
    select
        experiment_id,
        unit_id,
        {%- for metric in metrics_of(fact) %}
        sum(case when is_after and is_{{ metric }} then 1 else 0 end) as {{ metric }}_n_events,
        {%- for moment, condition in {'': 'is_after', 'pre_': 'not is_after'}.items() %}
        sum(case when {{ condition }} and is_{{ metric }} then {{ metric }}_numerator else 0 end)
            as {{ metric }}_{{ moment }}num,
        sum(case when {{ condition }} and is_{{ metric }} then {{ metric }}_denominator else 0 end)
            as {{ metric }}_{{ moment }}den
        {{- ',' if not loop.last }}
        {%- endfor %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ fact }}_events
    group by experiment_id, unit_id
),
{% endfor %}
-- a unit without any event counts as 0 over 0: leaving it out would condition on the outcome
final as (
    select
        units.experiment_id,
        units.unit_id,
        units.cluster_id,

        units.variant,
        {%- for segment in segments() %}
        units.{{ segment }},
        {%- endfor %}

        {%- for metric, fact in metrics().items() %}
        case
            when {{ fact }}_named.is_{{ metric }} = 1
                then cast(coalesce({{ fact }}_totals.{{ metric }}_n_events, 0) as bigint)
        end as {{ metric }}_n_events,
        {%- for total in unit_totals() %}
        {%- set summed = fact ~ '_totals.' ~ metric ~ '_' ~ total %}
        case
            when {{ fact }}_named.is_{{ metric }} = 1
                then {{ to_double('coalesce(' ~ summed ~ ', 0)') }}
        end as {{ metric }}_{{ total }},
        {%- endfor %}
        {%- endfor %}

        units.exposed_date,

        units.exposed_at
    from units
    {%- for fact in measured_facts() %}
    left join {{ fact }}_named on units.experiment_id = {{ fact }}_named.experiment_id
    left join {{ fact }}_totals
        on
            units.experiment_id = {{ fact }}_totals.experiment_id
            and units.unit_id = {{ fact }}_totals.unit_id
    {%- endfor %}
)

select * from final

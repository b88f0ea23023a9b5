with

units as (
    select * from {{ ref('int_units_exposed') }}
    where not is_in_several_variants
),

experiment_metrics as (
    select * from {{ source('declared', 'experiment_metric') }}
),

measured_units as (
    select
        units.experiment_id,
        units.unit_id,
        experiment_metrics.metric,
        units.exposed_at,
        units.window_ends_at,
        units.pre_period_starts_at
    from units
    inner join experiment_metrics on units.experiment_id = experiment_metrics.experiment_id
),

events as (
    {%- for metric, fact in metrics().items() %}
    {%- set dated = facts()[fact] %}
    select
        units.experiment_id,
        units.metric,
        units.unit_id,
        fact.{{ dated.at }} >= units.exposed_at as is_after,
        fact.{{ metric }}_numerator as numerator,
        fact.{{ metric }}_denominator as denominator
    from {{ ref(fact) }} as fact
    inner join measured_units as units
        on
            units.metric = '{{ metric }}'
            and fact.customer_id = units.unit_id
            and {{ is_in_windows('fact', dated, 'units') }}
    where fact.{{ metric }}_denominator > 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        experiment_id,
        metric,
        unit_id,

        sum(case when is_after then 1 else 0 end) as n_events,
        sum(case when is_after then numerator else 0 end) as num,
        sum(case when is_after then denominator else 0 end) as den,
        sum(case when is_after then 0 else numerator end) as pre_num,
        sum(case when is_after then 0 else denominator end) as pre_den
    from events
    group by experiment_id, metric, unit_id
)

select * from final

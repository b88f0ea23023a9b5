{#- sqlfluff measures the indentation of the columns that a loop writes, not of the loop -#}
-- noqa: disable=LT02
with

breakdowns as (
    {{ experiment_breakdowns() }}
),

named as (
    select distinct
        experiment_id,
        metric
    from {{ source('declared', 'experiment_metric') }}
),
{% for fact in measured_facts() %}
{{ fact }}_units as (
    select
        units.experiment_id,
        units.variant,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'units') }} as segment_value,
        {%- for metric in metrics_of(fact) %}
        {%- for total in unit_totals() %}
        units.{{ metric }}_{{ total }},
        {%- endfor %}
        units.{{ metric }}_n_events
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('experiment_unit_metrics') }} as units
    inner join breakdowns on units.experiment_id = breakdowns.experiment_id
    where units.experiment_id in (
        select named.experiment_id from named
        where named.metric in ({{ in_quotes(metrics_of(fact)) }})
    )
),

{{ fact }}_moments as (
    select
        experiment_id,
        variant,
        segment_name,
        segment_value,
        {%- for metric in metrics_of(fact) %}
        {{ centred_moments(unit_totals(), prefix=metric ~ '_', name=metric ~ '_') }}
        sum({{ metric }}_n_events) as {{ metric }}_n_events,
        {%- endfor %}
        count(*) as n_units
    from {{ fact }}_units
    where segment_value is not null
    group by experiment_id, variant, segment_name, segment_value
),
{% endfor %}
-- a wide row of all metrics becomes one row per metric: each set of moments is read once, so that
-- the plan grows with the number of metrics and not with its square
final as (
    {%- for fact in measured_facts() %}
    select
        moments.experiment_id,
        moments.variant,
        named.metric,
        moments.segment_name,
        moments.segment_value,

        {{- moments_of_metric(unit_totals(), metrics_of(fact), 'moments', 'named.metric') }}
        cast(moments.n_units as bigint) as n_units,
        cast(
            {{ of_metric(metrics_of(fact), 'moments', 'n_events', 'named.metric') }} as bigint
        ) as n_events
    from {{ fact }}_moments as moments
    inner join named
        on
            moments.experiment_id = named.experiment_id
            and named.metric in ({{ in_quotes(metrics_of(fact)) }})
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final

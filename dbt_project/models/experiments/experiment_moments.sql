{%- set totals = ['num', 'den', 'pre_num', 'pre_den'] -%}

with

units as (
    select * from {{ ref('int_units_exposed') }}
    where not is_in_several_variants
),

experiment_metrics as (
    select * from {{ source('declared', 'experiment_metric') }}
),

unit_totals as (
    select * from {{ ref('int_units_measured') }}
),

breakdowns as (
    select
        experiment_id,
        'all' as segment_name
    from {{ source('declared', 'experiment') }}
    union all
    select
        experiment_id,
        segment as segment_name
    from {{ source('declared', 'experiment_segment') }}
),

-- a unit without any event counts as 0 over 0: leaving it out would condition on the outcome
segmented as (
    select
        units.experiment_id,
        units.variant,
        experiment_metrics.metric,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'units') }} as segment_value,
        {%- for total in totals %}
        {{ to_double('coalesce(unit_totals.' ~ total ~ ', 0)') }} as {{ total }},
        {%- endfor %}
        coalesce(unit_totals.n_events, 0) as n_events
    from units
    inner join experiment_metrics on units.experiment_id = experiment_metrics.experiment_id
    inner join breakdowns on units.experiment_id = breakdowns.experiment_id
    left join unit_totals
        on
            units.experiment_id = unit_totals.experiment_id
            and experiment_metrics.metric = unit_totals.metric
            and units.unit_id = unit_totals.unit_id
    where
        experiment_metrics.metric in (
            {{ "'" ~ metrics() | join("', '") ~ "'" }}
        )
),

final as (
    select
        experiment_id,
        variant,
        metric,
        segment_name,
        segment_value,

        {%- for total in totals %}
        avg({{ total }}) as mean_{{ total }},
        {%- endfor %}
        {%- for x in totals %}
        {%- for y in totals[loop.index0:] %}
        covar_samp({{ x }}, {{ y }}) as cov_{{ x }}_{{ y }},
        {%- endfor %}
        {%- endfor %}
        cast(count(*) as bigint) as n_units,
        cast(sum(n_events) as bigint) as n_events
    from segmented
    where segment_value is not null
    group by experiment_id, variant, metric, segment_name, segment_value
)

select * from final

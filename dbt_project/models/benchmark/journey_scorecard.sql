{%- set place = ['breakdown', 'journey_stage', 'touchpoint', 'department'] -%}
with

touchpoints as (
    select * from {{ source('declared', 'touchpoint') }}
),

metric_touchpoints as (
    select * from {{ source('declared', 'touchpoint_metric') }}
),

breakdowns as (
    select 'all' as breakdown
    union all
    select 'journey_stage' as breakdown
    union all
    select 'department' as breakdown
    union all
    select 'touchpoint' as breakdown
),
{% for part, rows in unit_parts().items() %}
-- an event keeps the touchpoint it names; one that names none takes its metric's
{{ part }}_placed as (
    select
        units.benchmark_id,
        units.wave,
        units.metric,
        units.unit_id,
        case
            when units.touchpoint <> 'unknown' then units.touchpoint
            else coalesce(metric_touchpoints.touchpoint, 'unknown')
        end as touchpoint,
        {{ weighted_totals('units', 'cells') }}
    from {{ ref('int_units_waved') }} as units
    left join metric_touchpoints on units.metric = metric_touchpoints.metric
    left join {{ ref('int_cells_weighted') }} as cells on {{ is_cell_of('cells', 'units') }}
    where units.row_count {{ rows }}
),

{{ part }} as (
    select
        placed.benchmark_id,
        placed.wave,
        placed.metric,
        breakdowns.breakdown,
        case
            when breakdowns.breakdown in ('journey_stage', 'touchpoint')
                then coalesce(touchpoints.journey_stage, 'unknown')
            else 'all'
        end as journey_stage,
        case
            when breakdowns.breakdown = 'touchpoint' then placed.touchpoint
            else 'all'
        end as touchpoint,
        case
            when breakdowns.breakdown in ('department', 'touchpoint')
                then coalesce(touchpoints.department, 'unknown')
            else 'all'
        end as department,
        placed.unit_id,
        placed.n_events,
        placed.sum_weight,
        placed.sum_weight_squared,
        placed.numerator,
        placed.denominator
    from {{ part }}_placed as placed
    left join touchpoints on placed.touchpoint = touchpoints.touchpoint
    cross join breakdowns
),
{% endfor %}
unit_totals as (
    {{ totals_by_unit(['benchmark_id', 'wave', 'metric'] + place) }}
),

final as (
    select
        benchmark_id,
        wave,
        metric,
        breakdown,
        journey_stage,
        touchpoint,
        department,

        {{ moments_of_units() }}
    from unit_totals
    group by benchmark_id, wave, metric, breakdown, journey_stage, touchpoint, department
)

select * from final

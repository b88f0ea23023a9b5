{{ replace_where(
    "(benchmark_id, wave, metric) in "
    ~ "(select benchmark_id, wave, metric from {{ ref('int_waves_due') }})"
) }}
with

units as (
    select * from {{ ref('int_units_waved') }}
),

touchpoints as (
    select * from {{ source('declared', 'touchpoint') }}
),

metric_touchpoints as (
    select * from {{ source('declared', 'touchpoint_metric') }}
),

-- an event keeps the touchpoint it names; one that names none takes its metric's
placed as (
    select
        units.benchmark_id,
        units.wave,
        units.metric,
        units.unit_id,
        units.n_events,
        units.sum_weight,
        units.sum_weight_squared,
        units.numerator,
        units.denominator,
        case
            when units.touchpoint <> 'unknown' then units.touchpoint
            else coalesce(metric_touchpoints.touchpoint, 'unknown')
        end as touchpoint
    from units
    left join metric_touchpoints on units.metric = metric_touchpoints.metric
),

owned as (
    select
        placed.*,
        coalesce(touchpoints.journey_stage, 'unknown') as journey_stage,
        coalesce(touchpoints.department, 'unknown') as department
    from placed
    left join touchpoints on placed.touchpoint = touchpoints.touchpoint
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

broken_down as (
    select
        owned.benchmark_id,
        owned.wave,
        owned.metric,
        breakdowns.breakdown,
        case
            when breakdowns.breakdown in ('journey_stage', 'touchpoint') then owned.journey_stage
            else 'all'
        end as journey_stage,
        case
            when breakdowns.breakdown = 'touchpoint' then owned.touchpoint
            else 'all'
        end as touchpoint,
        case
            when breakdowns.breakdown in ('department', 'touchpoint') then owned.department
            else 'all'
        end as department,
        owned.unit_id,
        owned.n_events,
        owned.sum_weight,
        owned.sum_weight_squared,
        owned.numerator,
        owned.denominator
    from owned
    cross join breakdowns
),

unit_totals as (
    select
        benchmark_id,
        wave,
        metric,
        breakdown,
        journey_stage,
        touchpoint,
        department,
        unit_id,
        sum(n_events) as n_events,
        sum(sum_weight) as sum_weight,
        sum(sum_weight_squared) as sum_weight_squared,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from broken_down
    group by
        benchmark_id, wave, metric, breakdown, journey_stage, touchpoint, department, unit_id
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

        cast(count(*) as bigint) as n_units,
        cast(sum(n_events) as bigint) as n_events,
        sum(sum_weight) as sum_weight,
        sum(sum_weight_squared) as sum_weight_squared,
        avg(numerator) as mean_numerator,
        avg(denominator) as mean_denominator,
        var_samp(numerator) as var_numerator,
        var_samp(denominator) as var_denominator,
        covar_samp(numerator, denominator) as cov_numerator_denominator
    from unit_totals
    group by benchmark_id, wave, metric, breakdown, journey_stage, touchpoint, department
)

select * from final

-- Stages, departments and touchpoints each hold every event of a metric once, unknown ones too.
with

totals as (
    select * from {{ ref('wave_moments') }}
    where segment_name = 'all'
),

parts as (
    select
        benchmark_id,
        wave,
        metric,
        breakdown,
        sum(n_events) as n_events,
        sum(sum_weight) as sum_weight
    from {{ ref('journey_scorecard') }}
    group by benchmark_id, wave, metric, breakdown
),

breakdowns as (
    select distinct breakdown
    from {{ ref('journey_scorecard') }}
)

select
    totals.benchmark_id,
    totals.wave,
    totals.metric,
    breakdowns.breakdown,
    totals.n_events,
    parts.n_events as n_events_in_parts
from totals
cross join breakdowns
left join parts
    on
        totals.benchmark_id = parts.benchmark_id
        and totals.wave = parts.wave
        and totals.metric = parts.metric
        and breakdowns.breakdown = parts.breakdown
where
    parts.n_events is null
    or parts.n_events <> totals.n_events
    or abs(parts.sum_weight - totals.sum_weight) > 1e-9 * abs(totals.sum_weight)

-- Every event lies in exactly one value of every segment, 'unknown' included.
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
        segment_name,
        sum(n_events) as n_events,
        sum(sum_weight) as sum_weight
    from {{ ref('wave_moments') }}
    where segment_name <> 'all'
    group by benchmark_id, wave, metric, segment_name
)

select
    parts.benchmark_id,
    parts.wave,
    parts.metric,
    parts.segment_name,
    parts.n_events,
    totals.n_events as n_events_in_total
from parts
left join totals
    on
        parts.benchmark_id = totals.benchmark_id
        and parts.wave = totals.wave
        and parts.metric = totals.metric
where
    totals.n_events is null
    or parts.n_events <> totals.n_events
    or abs(parts.sum_weight - totals.sum_weight) > 1e-9 * totals.sum_weight

-- The events behind the published moments are counted once more, straight from the records.
with

counted as (
    select
        'nps' as metric,
        cast(responded_at as date) as event_date
    from {{ ref('stg_feedback') }}
    where
        kind = 'nps'
        and score between scale_min and scale_max
        and scale_min = 0
        and scale_max = 10
        and is_high_good is not null
    union all
    select
        'ces_mean' as metric,
        cast(responded_at as date) as event_date
    from {{ ref('stg_feedback') }}
    where kind = 'ces' and score between scale_min and scale_max and is_high_good is not null
    union all
    select
        'survey_response_rate' as metric,
        cast(invited_at as date) as event_date
    from {{ ref('stg_invitation') }}
    where delivered_at is not null
    union all
    select
        'late_delivery_rate' as metric,
        cast(ordered_at as date) as event_date
    from {{ ref('stg_order') }}
    where delivered_at is not null and promised_at is not null and not is_canceled
    union all
    select
        'renewal_rate' as metric,
        cast(due_at as date) as event_date
    from {{ ref('stg_outcome') }}
    where kind = 'renewal' and is_achieved is not null
),

expected as (
    select
        waves.benchmark_id,
        waves.wave,
        counted.metric,
        count(*) as n_events
    from counted
    inner join {{ source('declared', 'wave') }} as waves
        on counted.event_date >= waves.starts_on and counted.event_date < waves.ends_before
    inner join {{ source('declared', 'benchmark_metric') }} as benchmark_metrics
        on
            waves.benchmark_id = benchmark_metrics.benchmark_id
            and counted.metric = benchmark_metrics.metric
    group by waves.benchmark_id, waves.wave, counted.metric
),

published as (
    select * from {{ ref('wave_moments') }}
    where
        segment_name = 'all'
        and metric in (
            'nps', 'ces_mean', 'survey_response_rate', 'late_delivery_rate', 'renewal_rate'
        )
)

select
    coalesce(expected.benchmark_id, published.benchmark_id) as benchmark_id,
    coalesce(expected.wave, published.wave) as wave,
    coalesce(expected.metric, published.metric) as metric,
    expected.n_events,
    published.n_events as n_events_published
from expected
full outer join published
    on
        expected.benchmark_id = published.benchmark_id
        and expected.wave = published.wave
        and expected.metric = published.metric
where
    expected.n_events is null
    or published.n_events is null
    or expected.n_events <> published.n_events

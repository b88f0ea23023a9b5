-- Answers by stage, counted once more straight from the records and the declared touchpoints.
with

answers as (
    select
        answers.kind,
        case
            when answers.is_relational then 'relational_'
            when not answers.is_relational then 'transactional_'
        end as population,
        cast(answers.responded_at as date) as responded_date,
        coalesce(touchpoints.journey_stage, 'unknown') as journey_stage
    from {{ ref('stg_feedback') }} as answers
    left join {{ ref('stg_interaction') }} as interactions
        on answers.interaction_id = interactions.interaction_id
    left join {{ source('declared', 'touchpoint') }} as touchpoints
        on coalesce(
            nullif(answers.touchpoint, ''), nullif(interactions.touchpoint, '')
        ) = touchpoints.touchpoint
    where
        answers.score between answers.scale_min and answers.scale_max
        and answers.scale_min < answers.scale_max
        and answers.is_high_good is not null
),

expected as (
    select
        waves.benchmark_id,
        waves.wave,
        benchmark_metrics.metric,
        answers.journey_stage,
        count(*) as n_events
    from answers
    inner join {{ source('declared', 'wave') }} as waves
        on
            answers.responded_date >= waves.starts_on
            and answers.responded_date < waves.ends_before
    inner join {{ source('declared', 'benchmark_metric') }} as benchmark_metrics
        on
            waves.benchmark_id = benchmark_metrics.benchmark_id
            and (
                (
                    answers.kind = 'csat'
                    and benchmark_metrics.metric in ('csat_mean', answers.population || 'csat_mean')
                )
                or (
                    answers.kind = 'ces'
                    and benchmark_metrics.metric in ('ces_mean', answers.population || 'ces_mean')
                )
            )
    -- answers that name no touchpoint go where the programme says that the metric belongs
    where
        benchmark_metrics.metric not in (
            select placed.metric from {{ source('declared', 'touchpoint_metric') }} as placed
        )
    group by waves.benchmark_id, waves.wave, benchmark_metrics.metric, answers.journey_stage
),

published as (
    select * from {{ ref('journey_scorecard') }}
    where
        breakdown = 'journey_stage'
        and metric in (
            'csat_mean', 'relational_csat_mean', 'transactional_csat_mean',
            'ces_mean', 'relational_ces_mean', 'transactional_ces_mean'
        )
        and metric not in (
            select placed.metric from {{ source('declared', 'touchpoint_metric') }} as placed
        )
)

select
    coalesce(expected.benchmark_id, published.benchmark_id) as benchmark_id,
    coalesce(expected.wave, published.wave) as wave,
    coalesce(expected.metric, published.metric) as metric,
    coalesce(expected.journey_stage, published.journey_stage) as journey_stage,
    expected.n_events,
    published.n_events as n_events_published
from expected
full outer join published
    on
        expected.benchmark_id = published.benchmark_id
        and expected.wave = published.wave
        and expected.metric = published.metric
        and expected.journey_stage = published.journey_stage
where
    expected.n_events is null
    or published.n_events is null
    or expected.n_events <> published.n_events

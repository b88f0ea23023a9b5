with

waves as (
    select * from {{ source('declared', 'wave') }}
),

benchmark_metrics as (
    select * from {{ source('declared', 'benchmark_metric') }}
),

breaks as (
    select * from {{ source('declared', 'metric_break') }}
),

final as (
    select
        waves.benchmark_id,
        waves.wave,
        waves.previous_wave,
        breaks.metric,
        breaks.break_id,
        breaks.segment_name,
        breaks.segment_value,
        breaks.what,
        breaks.comparison,
        breaks.reason_en,
        breaks.reason_ja,
        breaks.survey_id,
        breaks.question_id,

        breaks.broke_on
    from breaks
    inner join benchmark_metrics on breaks.metric = benchmark_metrics.metric
    inner join waves on benchmark_metrics.benchmark_id = waves.benchmark_id
    left join waves as previous
        on waves.benchmark_id = previous.benchmark_id and waves.previous_wave = previous.wave
    -- a break on the first day of the previous wave leaves both waves after it
    where
        breaks.broke_on > coalesce(previous.starts_on, waves.starts_on)
        and breaks.broke_on < waves.ends_before
)

select * from final

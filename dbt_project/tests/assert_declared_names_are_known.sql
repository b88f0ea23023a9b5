{{ config(severity='warn') }}
-- A metric or a segment that the programme names and that nobody defines has no numbers.
select
    benchmark_id as declaration,
    metric as unknown_name
from {{ source('declared', 'benchmark_metric') }}
where
    metric not in (
        {{ "'" ~ metrics() | join("', '") ~ "'" }}
    )
    and metric not in (
        select 'question__' || questions.survey_id || '__' || questions.question_id
        from {{ source('declared', 'question') }} as questions
        where questions.kind <> 'comment'
    )
union all
select
    experiment_id as declaration,
    metric as unknown_name
from {{ source('declared', 'experiment_metric') }}
where
    metric not in (
        {{ "'" ~ metrics() | join("', '") ~ "'" }}
    )
union all
select
    benchmark_id as declaration,
    segment as unknown_name
from {{ source('declared', 'benchmark_segment') }}
where
    segment not in (
        {{ "'" ~ segments() | join("', '") ~ "'" }}
    )
union all
select
    benchmark_id as declaration,
    segment as unknown_name
from {{ source('declared', 'benchmark_weight') }}
where
    segment not in (
        {{ "'" ~ customer_segments() | join("', '") ~ "'" }}
    )
union all
select
    experiment_id as declaration,
    segment as unknown_name
from {{ source('declared', 'experiment_segment') }}
where
    segment not in (
        {{ "'" ~ segments() | join("', '") ~ "'" }}
    )

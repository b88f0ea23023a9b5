{{ config(severity='warn') }}
-- Such answers have no oriented score and count in no metric.
select
    response_id,
    question_id,
    score,
    scale_min,
    scale_max,
    is_high_good
from {{ ref('stg_feedback') }}
where
    score is not null
    and (
        coalesce(score < scale_min, true)
        or coalesce(score > scale_max, true)
        or is_high_good is null
    )

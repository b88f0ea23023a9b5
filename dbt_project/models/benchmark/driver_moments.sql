with

driver_items as (
    select * from {{ source('declared', 'driver_item') }}
),

waves as (
    select * from {{ source('declared', 'wave') }}
),

answers as (
    select * from {{ ref('fct_survey_responses') }}
),

answers_placed as (
    select * from {{ ref('int_answers_placed') }}
),

cells as (
    select * from {{ ref('int_cells_weighted') }}
),

questions as (
    select
        benchmark_id,
        survey_id,
        outcome_question_id,
        item_question_id as question_id
    from driver_items
    union distinct
    select
        benchmark_id,
        survey_id,
        outcome_question_id,
        outcome_question_id as question_id
    from driver_items
),

question_counts as (
    select
        benchmark_id,
        survey_id,
        outcome_question_id,
        count(*) as question_count
    from questions
    group by benchmark_id, survey_id, outcome_question_id
),

scores as (
    select
        questions.benchmark_id,
        waves.wave,
        questions.survey_id,
        questions.outcome_question_id,
        answers.response_id,
        questions.question_id,
        {{ hash_bucket('coalesce(answers.customer_id, answers.response_id)', driver_buckets()) }}
            as bucket,
        answers.design_weight * coalesce(cells.nonresponse_weight, 1) as weight,
        answers.oriented_score as score
    from answers
    inner join questions
        on
            answers.survey_id = questions.survey_id
            and answers.question_id = questions.question_id
    inner join waves
        on
            questions.benchmark_id = waves.benchmark_id
            and answers.responded_date >= waves.starts_on
            and answers.responded_date < waves.ends_before
    left join answers_placed
        on
            questions.benchmark_id = answers_placed.benchmark_id
            and answers.response_id = answers_placed.response_id
    left join cells
        on
            answers_placed.benchmark_id = cells.benchmark_id
            and answers_placed.survey_id = cells.survey_id
            and answers_placed.wave = cells.wave
            and answers_placed.cell = cells.cell
    where answers.oriented_score is not null
),

answered_counts as (
    select
        benchmark_id,
        wave,
        survey_id,
        outcome_question_id,
        response_id,
        count(*) as question_count
    from scores
    group by benchmark_id, wave, survey_id, outcome_question_id, response_id
),

complete as (
    select scores.*
    from scores
    inner join answered_counts
        on
            scores.benchmark_id = answered_counts.benchmark_id
            and scores.wave = answered_counts.wave
            and scores.survey_id = answered_counts.survey_id
            and scores.outcome_question_id = answered_counts.outcome_question_id
            and scores.response_id = answered_counts.response_id
    inner join question_counts
        on
            scores.benchmark_id = question_counts.benchmark_id
            and scores.survey_id = question_counts.survey_id
            and scores.outcome_question_id = question_counts.outcome_question_id
            and answered_counts.question_count = question_counts.question_count
),

means as (
    select
        benchmark_id,
        wave,
        outcome_question_id,
        question_id,
        bucket,
        cast(count(*) as bigint) as n,
        sum(weight) as sum_weight,
        {{ ratio('sum(weight * score)', 'sum(weight)') }} as mean_score
    from complete
    group by benchmark_id, wave, outcome_question_id, question_id, bucket
),

centred as (
    select
        complete.benchmark_id,
        complete.wave,
        complete.outcome_question_id,
        complete.question_id,
        complete.bucket,
        complete.response_id,
        complete.weight,
        complete.score - means.mean_score as deviation
    from complete
    inner join means
        on
            complete.benchmark_id = means.benchmark_id
            and complete.wave = means.wave
            and complete.outcome_question_id = means.outcome_question_id
            and complete.question_id = means.question_id
            and complete.bucket = means.bucket
),

crossed as (
    select
        x.benchmark_id,
        x.wave,
        x.outcome_question_id,
        x.question_id as item_x,
        y.question_id as item_y,
        x.bucket,
        sum(x.weight * x.deviation * y.deviation) as cross_moment
    from centred as x
    inner join centred as y
        on
            x.benchmark_id = y.benchmark_id
            and x.wave = y.wave
            and x.outcome_question_id = y.outcome_question_id
            and x.response_id = y.response_id
            and x.question_id <= y.question_id
    group by
        x.benchmark_id, x.wave, x.outcome_question_id, x.question_id, y.question_id, x.bucket
),

final as (
    select
        crossed.benchmark_id,
        crossed.wave,
        crossed.outcome_question_id as outcome,
        crossed.item_x,
        crossed.item_y,
        cast(crossed.bucket as bigint) as bucket,

        means_x.n,
        means_x.sum_weight,
        means_x.mean_score as mean_x,
        means_y.mean_score as mean_y,
        crossed.cross_moment
    from crossed
    inner join means as means_x
        on
            crossed.benchmark_id = means_x.benchmark_id
            and crossed.wave = means_x.wave
            and crossed.outcome_question_id = means_x.outcome_question_id
            and crossed.item_x = means_x.question_id
            and crossed.bucket = means_x.bucket
    inner join means as means_y
        on
            crossed.benchmark_id = means_y.benchmark_id
            and crossed.wave = means_y.wave
            and crossed.outcome_question_id = means_y.outcome_question_id
            and crossed.item_y = means_y.question_id
            and crossed.bucket = means_y.bucket
)

select * from final

with

answers as (
    select * from {{ ref('fct_survey_responses') }}
),

questions as (
    select * from {{ source('declared', 'question') }}
    where kind <> 'comment'
),

final as (
    select
        answers.response_id,
        answers.question_id,
        answers.survey_id,
        answers.customer_id,

        'question__' || answers.survey_id || '__' || answers.question_id as metric,
        {%- for segment in segments() %}
        answers.{{ segment }},
        {%- endfor %}

        answers.design_weight,
        {{ metric_pair('question', 'true', 'answers.oriented_score') }},

        answers.is_relational,

        answers.responded_date,

        answers.responded_at
    from answers
    -- an answer on another scale than the declared one is not comparable with the others
    inner join questions
        on
            answers.survey_id = questions.survey_id
            and answers.question_id = questions.question_id
            and answers.scale_min = questions.scale_min
            and answers.scale_max = questions.scale_max
    where answers.oriented_score is not null
)

select * from final

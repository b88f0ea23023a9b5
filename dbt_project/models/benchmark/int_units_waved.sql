with

waves as (
    select * from {{ ref('int_waves_due') }}
),

answer_weights as (
    select * from {{ ref('int_answers_weighted') }}
),

events as (
    {%- for metric, fact in metrics().items() %}
    {%- set dated = facts()[fact] %}
    select
        waves.benchmark_id,
        waves.wave,
        waves.metric,
        coalesce(fact.customer_id, 'event ' || fact.{{ dated.id }}) as unit_id,
        {%- for segment in segments() %}
        fact.{{ segment }},
        {%- endfor %}
        {%- if dated.is_answer %}
        fact.design_weight * coalesce(answer_weights.nonresponse_weight, 1) as weight,
        {%- else %}
        fact.design_weight as weight,
        {%- endif %}
        fact.{{ metric }}_numerator as numerator,
        fact.{{ metric }}_denominator as denominator
    from {{ ref(fact) }} as fact
    inner join waves
        on
            waves.metric = '{{ metric }}'
            and fact.{{ dated.date }} >= waves.starts_on
            and fact.{{ dated.date }} < waves.ends_before
    {%- if dated.is_answer %}
    left join answer_weights
        on
            waves.benchmark_id = answer_weights.benchmark_id
            and fact.response_id = answer_weights.response_id
    {%- endif %}
    where fact.{{ metric }}_denominator > 0
    union all
    {%- endfor %}
    select
        waves.benchmark_id,
        waves.wave,
        waves.metric,
        coalesce(questions.customer_id, 'event ' || questions.response_id) as unit_id,
        {%- for segment in segments() %}
        questions.{{ segment }},
        {%- endfor %}
        questions.design_weight * coalesce(answer_weights.nonresponse_weight, 1) as weight,
        questions.question_numerator as numerator,
        questions.question_denominator as denominator
    from {{ ref('int_questions_answered') }} as questions
    inner join waves
        on
            questions.metric = waves.metric
            and questions.responded_date >= waves.starts_on
            and questions.responded_date < waves.ends_before
    left join answer_weights
        on
            waves.benchmark_id = answer_weights.benchmark_id
            and questions.response_id = answer_weights.response_id
),

final as (
    select
        benchmark_id,
        wave,
        metric,
        unit_id,
        {%- for segment in segments() %}
        {{ segment }},
        {%- endfor %}
        cast(count(*) as bigint) as n_events,
        sum(weight * denominator) as sum_weight,
        sum(weight * denominator * weight * denominator) as sum_weight_squared,
        sum(weight * numerator) as numerator,
        sum(weight * denominator) as denominator
    from events
    group by
        benchmark_id,
        wave,
        metric,
        unit_id,
        {{ segments() | join(',\n        ') }}
)

select * from final

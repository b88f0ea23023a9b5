{#- Rows of facts that are built whole may have changed for anybody. -#}
{%- set rebuilt = measured_facts() | reject('in', changing_facts()) | list -%}
{{ replace_where(
    "(fact_name, unit_id) in (select fact_name, unit_id from {{ ref('int_units_touched') }}) "
    ~ "or fact_name in (" ~ in_quotes(rebuilt) ~ ")"
) }}
{#- sqlfluff measures the indentation of the columns that a loop writes, not of the loop -#}
-- noqa: disable=LT02
with

waves as (
    select
        waves.benchmark_id,
        waves.wave,
        benchmark_metrics.metric,
        waves.starts_on,
        waves.ends_before
    from {{ source('declared', 'wave') }} as waves
    inner join {{ source('declared', 'benchmark_metric') }} as benchmark_metrics
        on waves.benchmark_id = benchmark_metrics.benchmark_id
),

placed as (
    select * from {{ ref('int_answers_placed') }}
),
{%- if is_increment() %}
{%- for fact in measured_facts() %}

{{ fact }}_rows as (
    select * from {{ ref(fact) }}
    where
        exists (select 1 from waves where waves.metric in ({{ in_quotes(metrics_of(fact)) }}))
        {%- if fact in changing_facts() %}
        and {{ unit_of_event(fact) }} in ({{ touched_units(fact) }})
        {%- endif %}
),
{%- endfor %}

question_rows as (
    select * from {{ ref('int_questions_answered') }}
    where
        {{ unit_of_event('fct_survey_responses') }} in (
            {{ touched_units('fct_survey_responses') }}
        )
),
{%- endif %}

events as (
    {%- for metric, fact in metrics().items() %}
    {%- set dated = facts()[fact] %}
    select
        waves.benchmark_id,
        waves.wave,
        waves.metric,
        '{{ fact }}' as fact_name,
        {{ unit_of_event(fact, 'fact') }} as unit_id,
        {%- if dated.is_answer %}
        placed.survey_id as weight_survey_id,
        placed.wave as weight_wave,
        placed.cell as weight_cell,
        {%- else %}
        cast(null as {{ t_string() }}) as weight_survey_id,
        cast(null as {{ t_string() }}) as weight_wave,
        cast(null as {{ t_string() }}) as weight_cell,
        {%- endif %}
        {%- for segment in segments() %}
        fact.{{ segment }},
        {%- endfor %}
        fact.design_weight as weight,
        fact.{{ metric }}_numerator as numerator,
        fact.{{ metric }}_denominator as denominator
    from {{ fact ~ '_rows' if is_increment() else ref(fact) }} as fact
    inner join waves
        on
            waves.metric = '{{ metric }}'
            and fact.{{ dated.date }} >= waves.starts_on
            and fact.{{ dated.date }} < waves.ends_before
    {%- if dated.is_answer %}
    left join placed
        on
            waves.benchmark_id = placed.benchmark_id
            and fact.response_id = placed.response_id
    {%- endif %}
    where fact.{{ metric }}_denominator > 0
    union all
    {%- endfor %}
    select
        waves.benchmark_id,
        waves.wave,
        waves.metric,
        'fct_survey_responses' as fact_name,
        {{ unit_of_event('fct_survey_responses', 'questions') }} as unit_id,
        placed.survey_id as weight_survey_id,
        placed.wave as weight_wave,
        placed.cell as weight_cell,
        {%- for segment in segments() %}
        questions.{{ segment }},
        {%- endfor %}
        questions.design_weight as weight,
        questions.question_numerator as numerator,
        questions.question_denominator as denominator
    from {{ 'question_rows' if is_increment() else ref('int_questions_answered') }} as questions
    inner join waves
        on
            questions.metric = waves.metric
            and questions.responded_date >= waves.starts_on
            and questions.responded_date < waves.ends_before
    left join placed
        on
            waves.benchmark_id = placed.benchmark_id
            and questions.response_id = placed.response_id
),

added_up as (
    select
        benchmark_id,
        wave,
        metric,
        fact_name,
        unit_id,
        weight_survey_id,
        weight_wave,
        weight_cell,
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
        fact_name,
        unit_id,
        weight_survey_id,
        weight_wave,
        weight_cell,
        {{ segments() | join(',\n        ') }}
),

final as (
    select
        *,
        cast(
            count(*) over (partition by benchmark_id, wave, metric, unit_id) as bigint
        ) as row_count
    from added_up
)

select * from final

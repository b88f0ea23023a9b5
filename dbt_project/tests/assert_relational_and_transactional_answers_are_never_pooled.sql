-- A plain score that a benchmark or an experiment names holds answers of one population only.
-- Mend: name relational_<metric> or transactional_<metric> in the programme instead.
with

answers as (
    {%- for metric in plain_scores() %}
    select
        '{{ metric }}' as metric,
        responded_date,
        is_relational
    from {{ ref('fct_survey_responses') }}
    where {{ metric }}_denominator is not null and is_relational is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

named as (
    select
        'benchmark ' || waves.benchmark_id || ' ' || waves.wave as named_by,
        benchmark_metrics.metric,
        waves.starts_on,
        waves.ends_before
    from {{ source('declared', 'wave') }} as waves
    inner join {{ source('declared', 'benchmark_metric') }} as benchmark_metrics
        on waves.benchmark_id = benchmark_metrics.benchmark_id
    union all
    select
        'experiment ' || experiments.experiment_id as named_by,
        experiment_metrics.metric,
        cast({{ add_days('experiments.starts_on', '-experiments.pre_period_days') }} as date)
            as starts_on,
        cast({{ add_days('experiments.ends_on', 'experiments.window_days + 1') }} as date)
            as ends_before
    from {{ source('declared', 'experiment') }} as experiments
    inner join {{ source('declared', 'experiment_metric') }} as experiment_metrics
        on experiments.experiment_id = experiment_metrics.experiment_id
)

select
    named.named_by,
    named.metric,
    count(*) as answer_count,
    sum({{ one_if('answers.is_relational') }}) as relational_count
from named
inner join answers
    on
        named.metric = answers.metric
        and named.starts_on <= answers.responded_date
        and named.ends_before > answers.responded_date
group by named.named_by, named.metric
having
    min({{ one_if('answers.is_relational') }}) <> max({{ one_if('answers.is_relational') }})

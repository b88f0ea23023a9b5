with

declared as (
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
{% if is_increment() %}
days as (
    select distinct
        fact_name,
        event_date
    from {{ ref('int_rows_touched') }}
),

-- which days of which fact a metric reads; a fact that is built whole may have changed on any day
read as (
    {%- for metric, fact in metrics().items() %}
    select
        '{{ metric }}' as metric,
        {{ one_if('true' if facts()[fact].is_answer else 'false') }} as is_answer,
        {%- if fact in changing_facts() %}
        '{{ fact }}' as fact_name
        {%- else %}
        cast(null as {{ t_string() }}) as fact_name
        {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- an answer has the weight of its invitation's wave, which is the answer's own or an earlier one
due as (
    select distinct
        declared.benchmark_id,
        declared.wave,
        declared.metric
    from declared
    left join read on declared.metric = read.metric
    left join days
        on
            (
                read.fact_name = days.fact_name
                and days.event_date >= declared.starts_on
                and days.event_date < declared.ends_before
            )
            or (
                coalesce(read.is_answer, 1) = 1
                and days.fact_name in ('fct_survey_responses', 'fct_invitations')
                and days.event_date < declared.ends_before
            )
    where days.event_date is not null or (read.metric is not null and read.fact_name is null)
),
{% endif %}
final as (
    select declared.*
    from declared
    {%- if is_increment() %}
    inner join due
        on
            declared.benchmark_id = due.benchmark_id
            and declared.wave = due.wave
            and declared.metric = due.metric
    {%- endif %}
)

select * from final

{{ replace_where(
    "(benchmark_id, wave, metric) in "
    ~ "(select benchmark_id, wave, metric from {{ ref('int_waves_due') }})"
) }}
with

units as (
    select * from {{ ref('int_units_waved') }}
),

breakdowns as (
    select distinct
        benchmark_id,
        'all' as segment_name
    from {{ source('declared', 'wave') }}
    union all
    select
        benchmark_id,
        segment as segment_name
    from {{ source('declared', 'benchmark_segment') }}
),

segmented as (
    select
        units.benchmark_id,
        units.wave,
        units.metric,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'units') }} as segment_value,
        units.unit_id,
        units.n_events,
        units.sum_weight,
        units.sum_weight_squared,
        units.numerator,
        units.denominator
    from units
    inner join breakdowns on units.benchmark_id = breakdowns.benchmark_id
),

unit_totals as (
    select
        benchmark_id,
        wave,
        metric,
        segment_name,
        segment_value,
        unit_id,
        sum(n_events) as n_events,
        sum(sum_weight) as sum_weight,
        sum(sum_weight_squared) as sum_weight_squared,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from segmented
    where segment_value is not null
    group by benchmark_id, wave, metric, segment_name, segment_value, unit_id
),

final as (
    select
        benchmark_id,
        wave,
        metric,
        segment_name,
        segment_value,

        cast(count(*) as bigint) as n_units,
        cast(sum(n_events) as bigint) as n_events,
        sum(sum_weight) as sum_weight,
        sum(sum_weight_squared) as sum_weight_squared,
        avg(numerator) as mean_numerator,
        avg(denominator) as mean_denominator,
        var_samp(numerator) as var_numerator,
        var_samp(denominator) as var_denominator,
        covar_samp(numerator, denominator) as cov_numerator_denominator
    from unit_totals
    group by benchmark_id, wave, metric, segment_name, segment_value
)

select * from final

{%- set place = [
    'benchmark_id', 'wave', 'metric', 'breakdown', 'journey_stage', 'touchpoint', 'department',
] -%}
{#- sqlfluff measures the indentation of the columns that a loop writes, not of the loop -#}
-- noqa: disable=LT02
with

touchpoints as (
    select * from {{ source('declared', 'touchpoint') }}
),

metric_touchpoints as (
    select * from {{ source('declared', 'touchpoint_metric') }}
),

weights as (
    select * from {{ ref('int_cells_weighted') }}
),

-- units with one row, as moments of many
single as (
    select
        cells.benchmark_id,
        cells.wave,
        cells.metric,
        {{ touchpoint_of('cells', 'metric_touchpoints') }} as touchpoint,
        {{ weighted_moments('cells', 'weights') }}
    from {{ ref('int_wave_cells') }} as cells
    left join metric_touchpoints on cells.metric = metric_touchpoints.metric
    left join weights on {{ is_weight_of('weights', 'cells') }}
),

-- units with several, of which most meet one touchpoint only
several as (
    select
        units.benchmark_id,
        units.wave,
        units.metric,
        {{ touchpoint_of('units', 'metric_touchpoints') }} as touchpoint,
        units.unit_id,
        {{ weighted_totals('units', 'weights') }}
    from {{ ref('int_units_waved') }} as units
    left join metric_touchpoints on units.metric = metric_touchpoints.metric
    left join weights on {{ is_weight_of('weights', 'units') }}
    where units.row_count > 1
),

met as (
    select
        benchmark_id,
        wave,
        metric,
        touchpoint,
        unit_id,
        {{ added_totals() }}
    from several
    group by benchmark_id, wave, metric, touchpoint, unit_id
),

counted as (
    select
        *,
        count(*) over (partition by benchmark_id, wave, metric, unit_id) as touchpoint_count
    from met
),

at_one as (
    select * from single
    union all
    select
        benchmark_id,
        wave,
        metric,
        touchpoint,
        {{ moments_of_units() }}
    from counted
    where touchpoint_count = 1
    group by benchmark_id, wave, metric, touchpoint
),

breakdowns as (
    select 'all' as breakdown
    union all
    select 'journey_stage' as breakdown
    union all
    select 'department' as breakdown
    union all
    select 'touchpoint' as breakdown
),

at_several as (
    select
        counted.benchmark_id,
        counted.wave,
        counted.metric,
        {{ places_of_journey('counted', 'touchpoints', 'breakdowns') }},
        counted.unit_id,
        counted.n_events,
        {%- for total in weighted_sums() %}
        counted.{{ total }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from counted
    left join touchpoints on counted.touchpoint = touchpoints.touchpoint
    cross join breakdowns
    where counted.touchpoint_count > 1
),

added_up as (
    select
        {{ place | join(',\n        ') }},
        {{ added_totals() }}
    from at_several
    group by {{ place | join(', ') }}, unit_id
),

parts as (
    select
        at_one.benchmark_id,
        at_one.wave,
        at_one.metric,
        {{ places_of_journey('at_one', 'touchpoints', 'breakdowns') }},
        {%- for column in columns_of_moments() %}
        at_one.{{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from at_one
    left join touchpoints on at_one.touchpoint = touchpoints.touchpoint
    cross join breakdowns
    union all
    select
        {{ place | join(',\n        ') }},
        {{ moments_of_units() }}
    from added_up
    group by {{ place | join(', ') }}
),

{{ merged_moments('parts', place) }}

select * from final

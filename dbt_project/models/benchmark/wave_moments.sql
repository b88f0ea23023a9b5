{%- set place = ['benchmark_id', 'wave', 'metric', 'segment_name', 'segment_value'] -%}
with

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

weights as (
    select * from {{ ref('int_cells_weighted') }}
),

-- units with one row, as moments of many
single as (
    select
        cells.benchmark_id,
        cells.wave,
        cells.metric,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'cells') }} as segment_value,
        {{ weighted_moments('cells', 'weights') }}
    from {{ ref('int_wave_cells') }} as cells
    inner join breakdowns on cells.benchmark_id = breakdowns.benchmark_id
    left join weights on {{ is_weight_of('weights', 'cells') }}
),

-- units with several: their rows are added up in each breakdown
several as (
    select
        units.benchmark_id,
        units.wave,
        units.metric,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'units') }} as segment_value,
        units.unit_id,
        {{ weighted_totals('units', 'weights') }}
    from {{ ref('int_units_waved') }} as units
    inner join breakdowns on units.benchmark_id = breakdowns.benchmark_id
    left join weights on {{ is_weight_of('weights', 'units') }}
    where units.row_count > 1
),

added_up as (
    select
        {{ place | join(',\n        ') }},
        {{ added_totals() }}
    from several
    where segment_value is not null
    group by {{ place | join(', ') }}, unit_id
),

parts as (
    select
        {{ place | join(',\n        ') }},
        {{ columns_of_moments() | join(',\n        ') }}
    from single
    where segment_value is not null
    union all
    select
        {{ place | join(',\n        ') }},
        {{ moments_of_units() }}
    from added_up
    group by {{ place | join(', ') }}
),

{{ merged_moments('parts', place) }}

select * from final

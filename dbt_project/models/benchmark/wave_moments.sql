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
{% for part, rows in unit_parts().items() %}
{{ part }} as (
    select
        units.benchmark_id,
        units.wave,
        units.metric,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'units') }} as segment_value,
        units.unit_id,
        {{ weighted_totals('units', 'cells') }}
    from {{ ref('int_units_waved') }} as units
    inner join breakdowns on units.benchmark_id = breakdowns.benchmark_id
    left join {{ ref('int_cells_weighted') }} as cells on {{ is_cell_of('cells', 'units') }}
    where units.row_count {{ rows }}
),
{% endfor %}
unit_totals as (
    {{ totals_by_unit(['benchmark_id', 'wave', 'metric', 'segment_name', 'segment_value']) }}
),

final as (
    select
        benchmark_id,
        wave,
        metric,
        segment_name,
        segment_value,

        {{ moments_of_units() }}
    from unit_totals
    where segment_value is not null
    group by benchmark_id, wave, metric, segment_name, segment_value
)

select * from final

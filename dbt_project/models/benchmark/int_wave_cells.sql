{%- set cell = [
    'benchmark_id', 'wave', 'metric', 'weight_survey_id', 'weight_wave', 'weight_cell'
] -%}
with

-- nearly all units have one row, which stands for them in every breakdown: one pass over them
final as (
    select
        {{ cell | join(',\n        ') }},

        {%- for segment in segments() %}
        {{ segment }},
        {%- endfor %}

        {{ moments_of_units() }}
    from {{ ref('int_units_waved') }}
    where row_count = 1
    group by
        {{ (cell + segments()) | join(',\n        ') }}
)

select * from final

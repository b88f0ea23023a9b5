with

-- what has landed, and what the as-of day has passed: apart, so that either reads only its files
final as (
    {%- if is_increment() %}
    {%- for record, changing in changing_records().items() %}
    select
        '{{ record }}' as record_name,
        {{ changing.id }} as id
    from {{ source('raw', record) }}
    where
        {{ is_in_new_partition() }}
    {%- for column in changing.instants %}
    union distinct
    select
        '{{ record }}' as record_name,
        {{ changing.id }} as id
    from {{ source('raw', record) }}
    where {{ passed_since(column) }}
    {%- endfor %}
    {%- if not loop.last %}
    union distinct
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ t_string() }}) as record_name,
        cast(null as {{ t_string() }}) as id
    where 1 = 0
    {%- endif %}
)

select * from final

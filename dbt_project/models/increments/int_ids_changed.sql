with

final as (
    {%- if is_increment() %}
    {%- for record, changing in changing_records().items() %}
    select distinct
        '{{ record }}' as record_name,
        {{ changing.id }} as id
    from {{ source('raw', record) }}
    where
        {{ is_in_new_partition() }}
        {%- for column in changing.instants %}
        or {{ passed_since(instant(column)) }}
        {%- endfor %}
    {%- if not loop.last %}
    union all
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

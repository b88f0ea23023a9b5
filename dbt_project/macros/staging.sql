{#- Rows of a raw record, one per key: the newest version wins; of equal versions the later load,
    then the last source by name. Then rows that the source deleted are dropped. -#}
{% macro newest_version(record, key) -%}
select *
from (
    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                version desc nulls last, load_date desc nulls last, source desc nulls last
        ) as version_rank
    from {{ source('raw', record) }}
    {%- set changing = changing_records().get(record, {'staged_whole': true}) %}
    {%- if is_increment() and not changing.staged_whole %}
    where {{ changing.id }} in ({{ changed_ids(record) }})
    {%- endif %}
) as ranked
where version_rank = 1 and deleted_at is null
{%- endmacro %}

{% macro instant(column) -%}
cast({{ column }} as {{ t_instant() }})
{%- endmacro %}

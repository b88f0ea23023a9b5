{#- The catalogue, the meta on the numerators and the columns themselves name the same metrics. -#}
{%- set documented = [] -%}
{%- if execute -%}
{%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
{%- for column in node.columns.values() if column.meta.get('metric') -%}
{%- do documented.append(node.name ~ '.' ~ column.name) -%}
{%- endfor -%}
{%- endfor -%}
{%- endif -%}
{%- set listed = [] -%}
{%- for metric, fact in metrics().items() -%}
{%- do listed.append(fact ~ '.' ~ metric ~ '_numerator') -%}
{%- endfor -%}

select
    'none' as metric,
    'no metric is listed' as problem
where {{ listed | length }} = 0
{%- for metric, fact in metrics().items() %}
union all
select
    '{{ metric }}' as metric,
    'one column of the pair is null' as problem
from {{ ref(fact) }}
where ({{ metric }}_numerator is null) <> ({{ metric }}_denominator is null)
{%- endfor %}
{%- if execute %}
{%- for column in listed if column not in documented %}
union all
select
    '{{ column }}' as metric,
    'has no meta' as problem
{%- endfor %}
{%- for column in documented if column not in listed %}
union all
select
    '{{ column }}' as metric,
    'has meta and is not listed' as problem
{%- endfor %}
{%- endif %}

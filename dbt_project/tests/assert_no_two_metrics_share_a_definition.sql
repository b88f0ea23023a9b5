{#- Two metrics that are said in the same words are one metric under two names. -#}
{%- set seen = {} -%}
{%- set shared = [] -%}
{%- if execute -%}
{%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
{%- for column in node.columns.values() if column.meta.get('metric') -%}
{%- for part in ['label_en', 'label_ja', 'description_en', 'description_ja'] -%}
{%- set words = part ~ ' ' ~ (column.meta.get(part) | trim | lower) -%}
{%- if words in seen and seen[words] != column.meta.metric -%}
{%- do shared.append([seen[words], column.meta.metric, part]) -%}
{%- endif -%}
{%- do seen.update({words: column.meta.metric}) -%}
{%- endfor -%}
{%- endfor -%}
{%- endfor -%}
{%- endif -%}

select
    'none' as metric,
    'none' as other_metric,
    'no metric is described' as shared_part
where {{ seen | length }} = 0 and {{ 'true' if execute else 'false' }}
{%- for metric, other, part in shared %}
union all
select
    '{{ metric }}' as metric,
    '{{ other }}' as other_metric,
    '{{ part }}' as shared_part
{%- endfor %}

{#- The models' SQL without comments and quoted texts: name → text. -#}
{% macro bare_model_texts() %}
    {%- set found = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set text = modules.re.sub('(?s)\\{#.*?#\\}', '', node.raw_code) -%}
        {%- set text = modules.re.sub('--.*', '', text) -%}
        {%- do found.update({node.name: modules.re.sub("'[^'\\n]*'", "''", text)}) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{#- One row per model whose text a pattern finds, and one where no model was looked at. -#}
{% macro models_that_hold(pattern) -%}
    {%- set texts = bare_model_texts() if execute else {} -%}
    select
        'none' as model,
        'no model was looked at' as found
    where {{ texts | length }} = 0 and {{ 'true' if execute else 'false' }}
    {%- for name, text in texts.items() if modules.re.search(pattern, text) %}
    union all
    select
        '{{ name }}' as model,
        '{{ modules.re.search(pattern, text).group(0) | replace("'", "") }}' as found
    {%- endfor %}
{%- endmacro %}

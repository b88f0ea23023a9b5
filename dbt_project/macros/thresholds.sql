{#- Every threshold of a metric stands in this file, once. A test searches the project for copies. -#}

{#- The answer so that a high number is good; null when the direction or the scale is unknown or the
    answer lies outside its scale. -#}
{% macro oriented_score(score, scale_min, scale_max, is_high_good) -%}
case
            when {{ score }} < {{ scale_min }} or {{ score }} > {{ scale_max }} then null
            when {{ scale_max }} <= {{ scale_min }} then null
            when {{ is_high_good }} then {{ score }}
            when not {{ is_high_good }} then {{ scale_max }} + {{ scale_min }} - {{ score }}
        end
{%- endmacro %}

{#- 0–10 only: promoters (9–10) 100, passives (7–8) 0, detractors (0–6) −100. -#}
{% macro nps_points(oriented) -%}
case when {{ oriented }} >= 9 then 100.0 when {{ oriented }} <= 6 then -100.0 else 0.0 end
{%- endmacro %}

{% macro is_nps_scale(scale_min, scale_max) -%}
{{ scale_min }} = 0 and {{ scale_max }} = 10
{%- endmacro %}

{#- The two best boxes of the scale as asked. Below four boxes they would be most of the scale. -#}
{% macro is_top_two_box(oriented, scale_max) -%}
{{ oriented }} >= {{ scale_max }} - 1
{%- endmacro %}

{% macro has_top_two_boxes(scale_min, scale_max) -%}
{{ scale_max }} - {{ scale_min }} >= 3
{%- endmacro %}

{% macro rescaled(oriented, scale_min, scale_max, low, high) -%}
{{ low }} + {{ high - low }} * {{ ratio(oriented ~ ' - ' ~ scale_min, scale_max ~ ' - ' ~ scale_min) }}
{%- endmacro %}

{% macro csat_score(oriented, scale_min, scale_max) -%}
{{ rescaled(oriented, scale_min, scale_max, 1, 5) }}
{%- endmacro %}

{% macro ces_score(oriented, scale_min, scale_max) -%}
{{ rescaled(oriented, scale_min, scale_max, 1, 7) }}
{%- endmacro %}

{% macro repeat_contact_days() %}7{% endmacro %}

{#- A visit followed by a contact within so many days of its end did not resolve the matter. -#}
{% macro self_resolution_days() %}1{% endmacro %}

{% macro repeat_purchase_days() %}90{% endmacro %}

{#- Replicates of the drivers' jackknife and bootstrap are drawn over this many hash buckets. -#}
{% macro driver_buckets() %}50{% endmacro %}

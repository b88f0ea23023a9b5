{{ replaces_rows_of('fct_survey_responses') }}
{%- set oriented = 'linked.oriented_score' -%}
{%- set scale = ['linked.scale_min', 'linked.scale_max'] -%}
{%- set scores = {
    'nps': {
        'applies': "linked.kind = 'nps' and linked.oriented_score is not null and "
            ~ is_nps_scale(*scale),
        'value': nps_points(oriented),
    },
    'csat_top_two_rate': {
        'applies': "linked.kind = 'csat' and linked.oriented_score is not null and "
            ~ has_top_two_boxes(*scale),
        'value': one_if(is_top_two_box(oriented, 'linked.scale_max')),
    },
    'csat_mean': {
        'applies': "linked.kind = 'csat' and linked.oriented_score is not null",
        'value': csat_score(oriented, *scale),
    },
    'ces_mean': {
        'applies': "linked.kind = 'ces' and linked.oriented_score is not null",
        'value': ces_score(oriented, *scale),
    },
} -%}
{#- The plain score is for programmes that ask in one of the two ways; a test stops the others. -#}
{%- set populations = {
    '': '',
    'relational_': 'linked.is_relational and ',
    'transactional_': 'not linked.is_relational and ',
} -%}
with

answers as (
    select * from {{ ref('stg_feedback') }}
    {{ only_changed_rows_of('fct_survey_responses') }}
),

invitations as (
    select * from {{ ref('stg_invitation') }}
),

orders as (
    select * from {{ ref('stg_order') }}
),

interactions as (
    select * from {{ ref('stg_interaction') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

oriented as (
    select
        *,
        {{ oriented_score('score', 'scale_min', 'scale_max', 'is_high_good') }} as oriented_score
    from answers
),

linked as (
    select
        oriented.*,
        orders.delivery_punctuality,
        coalesce(
            oriented.customer_id, orders.customer_id, interactions.customer_id
        ) as linked_customer_id,
        coalesce(oriented.touchpoint, interactions.touchpoint) as linked_touchpoint,
        coalesce(oriented.business_unit, orders.business_unit) as linked_business_unit,
        coalesce(
            oriented.design_weight, invitations.design_weight, orders.design_weight, 1
        ) as linked_design_weight
    from oriented
    left join invitations on oriented.invitation_id = invitations.invitation_id
    left join orders on oriented.order_id = orders.order_id
    left join interactions on oriented.interaction_id = interactions.interaction_id
),

final as (
    select
        linked.response_id,
        linked.question_id,
        linked.survey_id,
        linked.linked_customer_id as customer_id,
        linked.invitation_id,
        linked.interaction_id,
        linked.order_id,

        linked.kind,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({
            'channel': 'linked.channel',
            'touchpoint': 'linked.linked_touchpoint',
            'business_unit': 'linked.linked_business_unit',
            'delivery_punctuality': 'linked.delivery_punctuality',
        }) }}

        linked.scale_min,
        linked.scale_max,
        linked.oriented_score,
        linked.linked_design_weight as design_weight,
        {%- for population, belongs in populations.items() %}
        {%- for score, definition in scores.items() %}
        {{ metric_pair(population ~ score, belongs ~ definition.applies, definition.value) }},
        {%- endfor %}
        {%- endfor %}

        linked.is_relational,

        cast(linked.responded_at as date) as responded_date,

        linked.responded_at
    from linked
    left join customers
        on {{ holds_at('customers', 'linked.linked_customer_id', 'linked.responded_at') }}
)

select * from final

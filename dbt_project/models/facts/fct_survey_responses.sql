with

answers as (
    select * from {{ ref('stg_feedback') }}
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

        linked.oriented_score,
        linked.linked_design_weight as design_weight,
        {{ metric_pair(
            'nps',
            "linked.kind = 'nps' and linked.oriented_score is not null and "
            ~ is_nps_scale('linked.scale_min', 'linked.scale_max'),
            nps_points('linked.oriented_score'),
        ) }},
        {{ metric_pair(
            'csat_top_two_rate',
            "linked.kind = 'csat' and linked.oriented_score is not null and "
            ~ has_top_two_boxes('linked.scale_min', 'linked.scale_max'),
            one_if(is_top_two_box('linked.oriented_score', 'linked.scale_max')),
        ) }},
        {{ metric_pair(
            'csat_mean',
            "linked.kind = 'csat' and linked.oriented_score is not null",
            csat_score('linked.oriented_score', 'linked.scale_min', 'linked.scale_max'),
        ) }},
        {{ metric_pair(
            'ces_mean',
            "linked.kind = 'ces' and linked.oriented_score is not null",
            ces_score('linked.oriented_score', 'linked.scale_min', 'linked.scale_max'),
        ) }},

        linked.is_relational,

        cast(linked.responded_at as date) as responded_date,

        linked.responded_at
    from linked
    left join customers
        on {{ holds_at('customers', 'linked.linked_customer_id', 'linked.responded_at') }}
)

select * from final

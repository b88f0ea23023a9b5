with

invitations as (
    select * from {{ ref('stg_invitation') }}
),

answers as (
    select * from {{ ref('stg_feedback') }}
),

orders as (
    select * from {{ ref('stg_order') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

answered as (
    select
        invitation_id,
        min(responded_at) as first_responded_at
    from answers
    where invitation_id is not null
    group by invitation_id
),

final as (
    select
        invitations.invitation_id,
        invitations.survey_id,
        invitations.customer_id,
        invitations.interaction_id,
        invitations.order_id,

        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({
            'channel': 'invitations.mode',
            'touchpoint': 'invitations.touchpoint',
            'business_unit': 'orders.business_unit',
            'delivery_punctuality': 'orders.delivery_punctuality',
        }) }}

        coalesce(invitations.design_weight, orders.design_weight, 1) as design_weight,
        {{ metric_pair(
            'survey_response_rate',
            'invitations.delivered_at is not null',
            one_if('coalesce(invitations.answered_at, answered.first_responded_at) is not null'),
        ) }},

        invitations.is_relational,
        coalesce(
            invitations.answered_at, answered.first_responded_at
        ) is not null as is_answered,

        cast(invitations.invited_at as date) as invited_date,

        invitations.invited_at
    from invitations
    left join answered on invitations.invitation_id = answered.invitation_id
    left join orders on invitations.order_id = orders.order_id
    left join customers
        on {{ holds_at('customers', 'invitations.customer_id', 'invitations.invited_at') }}
)

select * from final

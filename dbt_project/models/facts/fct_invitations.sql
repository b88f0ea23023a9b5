{{ replaces_rows_of('fct_invitations') }}
with

recorded as (
    select
        source,
        coalesce(survey_id, '') as survey_id,
        min(case when delivered_at is not null then invited_at end) as deliveries_recorded_from,
        min(case when opened_at is not null then invited_at end) as openings_recorded_from
    from {{ ref('stg_invitation') }}
    where invited_at is not null
    group by source, coalesce(survey_id, '')
),

invitations as (
    select * from {{ ref('stg_invitation') }}
    where invited_at is not null
    {{ only_changed_rows_of('fct_invitations', word='and') }}
),

answers as (
    select * from {{ ref('stg_feedback') }}
    where invitation_id is not null
    {{ only_changed_rows_of('fct_invitations', word='and') }}
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
    group by invitation_id
),

-- whoever answered had opened, and whoever opened had received, whatever the source recorded
reached as (
    select
        invitations.*,
        recorded.deliveries_recorded_from,
        recorded.openings_recorded_from,
        coalesce(
            invitations.answered_at, answered.first_responded_at
        ) is not null as is_answered,
        coalesce(
            invitations.opened_at, invitations.answered_at, answered.first_responded_at
        ) is not null as is_opened,
        coalesce(
            invitations.delivered_at,
            invitations.opened_at,
            invitations.answered_at,
            answered.first_responded_at
        ) is not null as is_delivered
    from invitations
    left join answered on invitations.invitation_id = answered.invitation_id
    left join recorded
        on
            invitations.source = recorded.source
            and coalesce(invitations.survey_id, '') = recorded.survey_id
),

final as (
    select
        reached.invitation_id,
        reached.survey_id,
        reached.customer_id,
        reached.interaction_id,
        reached.order_id,

        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({
            'channel': 'reached.mode',
            'touchpoint': 'reached.touchpoint',
            'business_unit': 'orders.business_unit',
            'delivery_punctuality': 'orders.delivery_punctuality',
        }) }}

        coalesce(reached.design_weight, orders.design_weight, 1) as design_weight,
        {{ metric_pair(
            'survey_response_rate',
            'reached.delivered_at is not null',
            one_if('reached.is_answered'),
        ) }},
        {{ metric_pair(
            'survey_delivery_rate',
            'reached.invited_at >= reached.deliveries_recorded_from',
            one_if('reached.is_delivered'),
        ) }},
        {{ metric_pair(
            'survey_open_rate',
            'reached.is_delivered and reached.invited_at >= reached.openings_recorded_from',
            one_if('reached.is_opened'),
        ) }},

        reached.is_relational,
        reached.is_delivered,
        reached.is_opened,
        reached.is_answered,

        cast(reached.invited_at as date) as invited_date,

        reached.invited_at
    from reached
    left join orders on reached.order_id = orders.order_id
    left join customers
        on {{ holds_at('customers', 'reached.customer_id', 'reached.invited_at') }}
)

select * from final

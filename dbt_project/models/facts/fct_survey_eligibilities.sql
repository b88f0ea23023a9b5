{{ replaces_rows_of('fct_survey_eligibilities') }}
with

invitations as (
    select * from {{ ref('stg_invitation') }}
    where eligible_at is not null
    {{ only_changed_rows_of('fct_survey_eligibilities', word='and') }}
),

orders as (
    select * from {{ ref('stg_order') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
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

        -- a design weight answers for those not invited, who are counted here themselves
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'survey_invite_rate', 'true', one_if('invitations.invited_at is not null')
        ) }},

        invitations.is_relational,

        cast(invitations.eligible_at as date) as eligible_date,

        invitations.eligible_at
    from invitations
    left join orders on invitations.order_id = orders.order_id
    left join customers
        on {{ holds_at('customers', 'invitations.customer_id', 'invitations.eligible_at') }}
)

select * from final

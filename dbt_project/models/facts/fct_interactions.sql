with

interactions as (
    select * from {{ ref('int_interactions_resolved') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

timeline as (
    select
        customer_id,
        interaction_id,
        opened_at as happened_at,
        opened_at,
        0 as is_resolution
    from interactions
    where customer_id is not null
    union all
    select
        customer_id,
        interaction_id,
        resolved_at as happened_at,
        null as opened_at,
        1 as is_resolution
    from interactions
    where customer_id is not null and resolved_at is not null
),

-- a contact opened in the very instant of the resolution is not a consequence of it: it sorts first
next_contacts as (
    select
        interaction_id,
        is_resolution,
        min(opened_at) over (
            partition by customer_id
            order by happened_at, is_resolution, interaction_id
            rows between 1 following and unbounded following
        ) as next_opened_at
    from timeline
),

followed as (
    select
        interactions.*,
        next_contacts.next_opened_at,
        {{ add_days('interactions.resolved_at', repeat_contact_days()) }} as repeat_window_ends_at
    from interactions
    left join next_contacts
        on
            interactions.interaction_id = next_contacts.interaction_id
            and next_contacts.is_resolution = 1
),

final as (
    select
        followed.interaction_id,
        followed.customer_id,

        followed.kind,
        followed.topic,
        followed.priority,
        followed.team,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({
            'channel': 'followed.channel',
            'touchpoint': 'followed.touchpoint',
        }) }}

        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'first_reply_calendar_minutes',
            'followed.first_replied_at is not null',
            minutes_between('followed.opened_at', 'followed.first_replied_at'),
        ) }},
        {{ metric_pair(
            'resolution_calendar_minutes',
            'followed.resolved_at is not null',
            minutes_between('followed.opened_at', 'followed.resolved_at'),
        ) }},
        {{ metric_pair(
            'repeat_contact_rate',
            'followed.customer_id is not null and followed.repeat_window_ends_at <= ' ~ as_of_end(),
            one_if('followed.next_opened_at < followed.repeat_window_ends_at'),
        ) }},
        {{ metric_pair(
            'ticket_reopen_rate',
            "followed.kind = 'ticket' and followed.first_resolved_at is not null",
            one_if('followed.is_reopened'),
        ) }},

        cast(followed.opened_at as date) as opened_date,

        followed.opened_at,
        followed.first_replied_at,
        followed.resolved_at
    from followed
    left join customers
        on {{ holds_at('customers', 'followed.customer_id', 'followed.opened_at') }}
)

select * from final

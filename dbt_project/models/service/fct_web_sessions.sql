with

sessions as (
    select * from {{ ref('stg_web_session') }}
),

interactions as (
    select * from {{ ref('stg_interaction') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

timeline as (
    select
        customer_id,
        session_id,
        started_at as happened_at,
        cast(null as {{ t_instant() }}) as opened_at,
        0 as is_contact
    from sessions
    where customer_id is not null
    union all
    select
        customer_id,
        interaction_id as session_id,
        opened_at as happened_at,
        opened_at,
        1 as is_contact
    from interactions
    where customer_id is not null
),

-- a contact opened in the instant in which the visit began belongs to it: the visit sorts first
next_contacts as (
    select
        session_id,
        is_contact,
        min(opened_at) over (
            partition by customer_id
            order by happened_at, is_contact, session_id
            rows between 1 following and unbounded following
        ) as next_opened_at
    from timeline
),

followed as (
    select
        sessions.*,
        next_contacts.next_opened_at,
        {{ add_days('coalesce(sessions.ended_at, sessions.started_at)', self_resolution_days()) }}
            as contact_window_ends_at
    from sessions
    left join next_contacts
        on
            sessions.session_id = next_contacts.session_id
            and next_contacts.is_contact = 0
),

final as (
    select
        followed.session_id,
        followed.customer_id,

        followed.entry_page,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({'channel': "'web'"}) }}

        followed.page_count,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'self_resolution_rate',
            'followed.is_self_resolved is not null and followed.contact_window_ends_at <= '
            ~ as_of_end(),
            one_if(
                'followed.is_self_resolved and ('
                ~ 'followed.next_opened_at is null '
                ~ 'or followed.next_opened_at >= followed.contact_window_ends_at)'
            ),
        ) }},

        cast(followed.started_at as date) as started_date,

        followed.started_at
    from followed
    left join customers
        on {{ holds_at('customers', 'followed.customer_id', 'followed.started_at') }}
)

select * from final

{{ replaces_rows_of('fct_interactions') }}
with

interactions as (
    select * from {{ ref('int_interactions_resolved') }}
    {{ only_changed_rows_of('fct_interactions') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

clocked as (
    select * from {{ ref('int_interactions_clocked') }}
),

waited as (
    select * from {{ ref('int_interactions_waited') }}
),

promised as (
    select * from {{ ref('int_interactions_promised') }}
),

issues as (
    select * from {{ ref('int_interactions_grouped') }}
),

answered_calls as (
    select * from {{ ref('int_calls_answered') }}
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
        {{ metric_pair(
            'first_reply_business_minutes',
            'followed.first_replied_at is not null and clocked.reply_business_minutes is not null',
            'clocked.reply_business_minutes',
        ) }},
        {{ metric_pair(
            'resolution_business_minutes',
            'followed.resolved_at is not null '
            ~ 'and clocked.resolution_business_minutes is not null',
            'clocked.resolution_business_minutes',
        ) }},
        {{ metric_pair(
            'customer_wait_calendar_minutes',
            'waited.wait_calendar_minutes is not null',
            'waited.wait_calendar_minutes',
        ) }},
        {{ metric_pair(
            'customer_wait_business_minutes',
            'waited.wait_business_minutes is not null',
            'waited.wait_business_minutes',
        ) }},
        {{ metric_pair(
            'sla_first_reply_rate',
            'promised.is_replied_in_time is not null',
            'promised.is_replied_in_time',
        ) }},
        {{ metric_pair(
            'sla_resolution_rate',
            'promised.is_resolved_in_time is not null',
            'promised.is_resolved_in_time',
        ) }},
        {{ metric_pair(
            'first_contact_resolution_rate',
            'issues.is_settled',
            one_if('issues.is_resolved_at_first_contact'),
        ) }},
        {{ metric_pair('contacts_per_issue', 'issues.is_settled', 'issues.contact_count') }},
        {{ metric_pair(
            'call_abandonment_rate',
            'answered_calls.is_abandoned is not null',
            one_if('answered_calls.is_abandoned'),
        ) }},
        {{ metric_pair(
            'call_wait_calendar_minutes',
            'not answered_calls.is_abandoned and followed.wait_seconds is not null',
            ratio('followed.wait_seconds', '60'),
        ) }},
        {{ metric_pair(
            'call_silence_share',
            'not answered_calls.is_abandoned '
            ~ 'and followed.talk_seconds + followed.silence_seconds > 0',
            ratio('followed.silence_seconds', 'followed.talk_seconds + followed.silence_seconds'),
        ) }},
        {{ metric_pair(
            'flagged_call_rate',
            "followed.kind = 'call' and followed.is_flagged is not null",
            one_if('followed.is_flagged'),
        ) }},

        cast(followed.opened_at as date) as opened_date,

        followed.opened_at,
        followed.first_replied_at,
        followed.resolved_at
    from followed
    left join clocked on followed.interaction_id = clocked.interaction_id
    left join waited on followed.interaction_id = waited.interaction_id
    left join promised on followed.interaction_id = promised.interaction_id
    left join issues on followed.interaction_id = issues.interaction_id
    left join answered_calls on followed.interaction_id = answered_calls.interaction_id
    left join customers
        on {{ holds_at('customers', 'followed.customer_id', 'followed.opened_at') }}
)

select * from final

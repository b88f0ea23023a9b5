{{ replaces_rows_of('fct_interactions') }}
with

interactions as (
    select
        resolved.interaction_id,
        clocked.calendar_id,
        resolved.opened_at,
        resolved.resolved_at
    from {{ ref('int_interactions_resolved') }} as resolved
    inner join {{ ref('int_interactions_clocked') }} as clocked
        on resolved.interaction_id = clocked.interaction_id
    where resolved.resolved_at is not null
    {{ only_changed_rows_of('fct_interactions', 'resolved.interaction_id', 'and') }}
),

events as (
    select * from {{ ref('stg_interaction_event') }}
),

segments as (
    select * from {{ ref('dim_calendar_segments') }}
),

-- whose turn it is from each instant on: ours (0) or the customer's (1); other events leave it
turns as (
    select
        interaction_id,
        calendar_id,
        opened_at as happened_at,
        0 as is_answered
    from interactions
    union all
    select
        interactions.interaction_id,
        interactions.calendar_id,
        events.occurred_at as happened_at,
        case
            when events.kind = 'reopened' then 0
            when events.kind = 'replied' and events.actor = 'customer' then 0
            else 1
        end as is_answered
    from interactions
    inner join events
        on
            interactions.interaction_id = events.interaction_id
            and interactions.opened_at <= events.occurred_at
            and interactions.resolved_at >= events.occurred_at
    where
        events.kind in ('reopened', 'resolved', 'closed')
        or (events.kind = 'replied' and events.actor in ('customer', 'agent'))
        or (events.kind = 'replied' and events.actor is null and events.agent_id is not null)
),

-- an answer given in the instant of the question comes after it
spans as (
    select
        *,
        lead(happened_at) over (
            partition by interaction_id
            order by happened_at, is_answered
        ) as next_happened_at
    from turns
),

waits as (
    select * from spans
    where is_answered = 0 and next_happened_at is not null
),

final as (
    select
        waits.interaction_id,

        sum({{ minutes_between('waits.happened_at', 'waits.next_happened_at') }})
            as wait_calendar_minutes,
        -- one part outside the calendar leaves the whole unknown
        case
            when count(beginning.calendar_id) = count(*) and count(ending.calendar_id) = count(*)
                then sum({{ open_minutes_between(
                    'beginning', 'waits.happened_at', 'ending', 'waits.next_happened_at'
                ) }})
        end as wait_business_minutes
    from waits
    left join segments as beginning
        on {{ is_read_at('beginning', 'waits.calendar_id', 'waits.happened_at') }}
    left join segments as ending
        on {{ is_read_at('ending', 'waits.calendar_id', 'waits.next_happened_at') }}
    group by waits.interaction_id
)

select * from final

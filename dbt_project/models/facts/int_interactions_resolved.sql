{{ replaces_rows_of('fct_interactions') }}
with

interactions as (
    select * from {{ ref('stg_interaction') }}
    {{ only_changed_rows_of('fct_interactions') }}
),

events as (
    select
        events.interaction_id,
        events.occurred_at,
        coalesce(
            events.kind = 'replied'
            and (events.actor = 'agent' or (events.actor is null and events.agent_id is not null)),
            false
        ) as is_reply,
        coalesce(events.kind in ('resolved', 'closed'), false) as is_resolution,
        coalesce(events.kind = 'reopened', false) as is_reopening
    from {{ ref('stg_interaction_event') }} as events
    inner join interactions
        on
            events.interaction_id = interactions.interaction_id
            and events.occurred_at >= interactions.opened_at
),

first_and_last as (
    select
        interaction_id,
        min(case when is_reply then occurred_at end) as first_replied_at,
        min(case when is_resolution then occurred_at end) as first_resolved_at,
        max(case when is_reopening then occurred_at end) as last_reopened_at,
        max(occurred_at) as last_active_at
    from events
    group by interaction_id
),

standing as (
    select
        events.interaction_id,
        min(events.occurred_at) as resolved_at
    from events
    inner join first_and_last on events.interaction_id = first_and_last.interaction_id
    where
        events.is_resolution
        and (
            first_and_last.last_reopened_at is null
            or events.occurred_at > first_and_last.last_reopened_at
        )
    group by events.interaction_id
),

final as (
    select
        interactions.*,
        first_and_last.first_replied_at,
        first_and_last.first_resolved_at,
        standing.resolved_at,
        coalesce(first_and_last.last_active_at, interactions.opened_at) as last_active_at,
        coalesce(
            first_and_last.last_reopened_at > first_and_last.first_resolved_at, false
        ) as is_reopened
    from interactions
    left join first_and_last on interactions.interaction_id = first_and_last.interaction_id
    left join standing on interactions.interaction_id = standing.interaction_id
)

select * from final

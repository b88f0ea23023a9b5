{{ replaces_rows_of('fct_interactions') }}
with

interactions as (
    select * from {{ ref('int_interactions_resolved') }}
    {{ only_changed_rows_of('fct_interactions') }}
),

clocked as (
    select * from {{ ref('int_interactions_clocked') }}
),

targets as (
    select * from {{ source('declared', 'service_target') }}
),

fitting as (
    select
        interactions.interaction_id,
        targets.service_level_id,
        targets.clock,
        targets.first_reply_minutes,
        targets.resolution_minutes,
        row_number() over (
            partition by interactions.interaction_id
            order by targets.valid_from, targets.service_level_id, targets.target_number
        ) as fit_rank
    from interactions
    inner join targets
        on
            cast(interactions.opened_at as date) >= targets.valid_from
            and (
                targets.valid_to is null
                or cast(interactions.opened_at as date) < targets.valid_to
            )
            and (targets.kind is null or interactions.kind = targets.kind)
            and (targets.channel is null or interactions.channel = targets.channel)
            and (targets.priority is null or interactions.priority = targets.priority)
            and (targets.team is null or interactions.team = targets.team)
),

timed as (
    select
        fitting.interaction_id,
        fitting.service_level_id,
        fitting.first_reply_minutes,
        fitting.resolution_minutes,
        clocked.is_replied,
        clocked.is_resolved,
        case
            when fitting.clock = 'business' then clocked.reply_business_minutes
            else clocked.reply_calendar_minutes
        end as reply_minutes,
        case
            when fitting.clock = 'business' then clocked.resolution_business_minutes
            else clocked.resolution_calendar_minutes
        end as settling_minutes
    from fitting
    inner join clocked on fitting.interaction_id = clocked.interaction_id
    where fitting.fit_rank = 1
),

-- what has not happened yet is a miss once its time has run out, and unknown until then
final as (
    select
        interaction_id,
        service_level_id,

        case
            when reply_minutes >= first_reply_minutes then 0
            when reply_minutes < first_reply_minutes and is_replied then 1
        end as is_replied_in_time,
        case
            when settling_minutes >= resolution_minutes then 0
            when settling_minutes < resolution_minutes and is_resolved then 1
        end as is_resolved_in_time
    from timed
)

select * from final

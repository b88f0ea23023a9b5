{{ replaces_ids_of('interaction_event') }}
with

newest as (
    {{ newest_version('interaction_event', ['interaction_id', 'event_id']) }}
),

renamed as (
    select
        interaction_id,
        event_id,
        agent_id,
        source,

        kind,
        actor,

        {{ instant('occurred_at') }} as occurred_at
    from newest
),

final as (
    select * from renamed
    where occurred_at < {{ as_of_end() }}
)

select * from final

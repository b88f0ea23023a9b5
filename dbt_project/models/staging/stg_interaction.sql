{{ replaces_ids_of('interaction') }}
with

newest as (
    {{ newest_version('interaction', ['interaction_id']) }}
),

renamed as (
    select
        interaction_id,
        customer_id,
        account_id,
        agent_id,
        source,

        kind,
        channel,
        touchpoint,
        topic,
        priority,
        status,
        team,

        talk_seconds,
        silence_seconds,
        wait_seconds,

        is_flagged,
        is_abandoned,

        {{ instant('opened_at') }} as opened_at
    from newest
),

final as (
    select * from renamed
    where opened_at < {{ as_of_end() }}
)

select * from final

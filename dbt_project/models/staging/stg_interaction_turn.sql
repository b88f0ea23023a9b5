with

newest as (
    {{ newest_version('interaction_turn', ['interaction_id', 'turn_id']) }}
),

renamed as (
    select
        interaction_id,
        turn_id,
        speaker_id,
        source,

        speaker,
        text as turn_text,

        start_seconds,
        end_seconds,

        {{ instant('started_at') }} as started_at
    from newest
),

final as (
    select * from renamed
    where started_at is null or started_at < {{ as_of_end() }}
)

select * from final

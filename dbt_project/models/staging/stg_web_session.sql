with

newest as (
    {{ newest_version('web_session', ['session_id']) }}
),

renamed as (
    select
        session_id,
        customer_id,
        source,

        nullif(entry_page, '') as entry_page,

        page_count,

        is_self_resolved,

        {{ instant('started_at') }} as started_at,
        {{ known(instant('ended_at')) }} as ended_at
    from newest
),

final as (
    select * from renamed
    where started_at < {{ as_of_end() }}
)

select * from final

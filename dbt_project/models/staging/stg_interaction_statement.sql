with

newest as (
    {{ newest_version('interaction_statement', ['interaction_id', 'statement_id']) }}
),

renamed as (
    select
        interaction_id,
        statement_id,
        source,

        said_seconds,

        is_said,

        {{ instant('checked_at') }} as checked_at
    from newest
),

final as (
    select * from renamed
    where checked_at < {{ as_of_end() }}
)

select * from final

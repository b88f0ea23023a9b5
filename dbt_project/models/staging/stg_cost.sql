with

newest as (
    {{ newest_version('cost', ['cost_id']) }}
),

renamed as (
    select
        cost_id,
        source,

        kind,
        nullif(team, '') as team,
        nullif(acquisition_channel, '') as acquisition_channel,
        currency,

        amount,

        cost_date
    from newest
),

final as (
    select * from renamed
    where cost_date < {{ as_of_end() }}
)

select * from final

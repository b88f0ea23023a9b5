with

newest as (
    {{ newest_version('account', ['account_id', 'valid_from']) }}
),

renamed as (
    select
        account_id,
        source,

        nullif(country, '') as country,
        nullif(industry, '') as industry,
        nullif(size_band, '') as size_band,
        nullif(owner_team, '') as owner_team,

        {{ instant('valid_from') }} as valid_from,
        {{ instant('opened_at') }} as opened_at
    from newest
),

final as (
    select * from renamed
    where valid_from < {{ as_of_end() }}
)

select * from final

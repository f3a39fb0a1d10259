// @generated automatically by Diesel CLI.

diesel::table! {
    amazon_categories (id) {
        id -> Text,
        node_id -> Text,
        name -> Text,
        department -> Text,
        place -> Int4,
    }
}

diesel::table! {
    amazon_category_presets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        category_ids -> Array<Nullable<Text>>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_tokens (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        name -> Text,
        token_hash -> Bytea,
        run_id -> Nullable<Uuid>,
        made_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        user_id -> Nullable<Uuid>,
        permissions -> Nullable<Array<Nullable<Text>>>,
        address -> Nullable<Text>,
        agent -> Nullable<Text>,
    }
}

diesel::table! {
    audit_heads (org_id) {
        org_id -> Uuid,
        no -> Int8,
        hash -> Bytea,
    }
}

diesel::table! {
    audit_log (org_id, no) {
        org_id -> Uuid,
        no -> Int8,
        at -> Timestamptz,
        user_id -> Nullable<Uuid>,
        token_id -> Nullable<Uuid>,
        address -> Nullable<Text>,
        action -> Text,
        subject -> Nullable<Text>,
        details -> Jsonb,
        status -> Nullable<Int2>,
        answers -> Nullable<Int8>,
        previous_hash -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    collection_item_categories (org_id, run_id, external_id, category_task_no) {
        org_id -> Uuid,
        run_id -> Uuid,
        external_id -> Text,
        category_task_no -> Int4,
        rank -> Int4,
    }
}

diesel::table! {
    collection_items (org_id, run_id, external_id) {
        org_id -> Uuid,
        run_id -> Uuid,
        external_id -> Text,
        title -> Nullable<Text>,
        price_minor -> Nullable<Int8>,
        price_currency -> Nullable<Text>,
        url -> Nullable<Text>,
        category -> Text,
    }
}

diesel::table! {
    collection_runs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        name -> Text,
        status -> Text,
        wanted -> Text,
        phase -> Text,
        settings -> Jsonb,
        categories -> Jsonb,
        pause -> Nullable<Jsonb>,
        fail_reason -> Nullable<Text>,
        fail_message -> Nullable<Text>,
        fence -> Int8,
        group_no -> Int8,
        group_replies -> Text,
        last_seq -> Int8,
        streak -> Array<Nullable<Int4>>,
        departments_total -> Int4,
        departments_completed -> Int4,
        amazon_pending -> Int4,
        amazon_claimed -> Int4,
        amazon_done -> Int4,
        amazon_failed -> Int4,
        amazon_skipped -> Int4,
        ebay_pending -> Int4,
        ebay_claimed -> Int4,
        ebay_done -> Int4,
        ebay_failed -> Int4,
        ebay_skipped -> Int4,
        products_fetched -> Int4,
        sellers_found -> Int4,
        sellers_new -> Int4,
        requests_made -> Int8,
        requests_billed -> Int8,
        categories_total -> Int4,
        categories_completed -> Int4,
        products_total -> Int4,
        products_searched -> Int4,
        total_items -> Int4,
        processed_items -> Int4,
        failed_items -> Int4,
        skipped_items -> Int4,
        checkpoint -> Jsonb,
        worker_status -> Jsonb,
        seller_count_snapshot -> Nullable<Int8>,
        idempotency_key -> Nullable<Text>,
        idempotency_hash -> Nullable<Bytea>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
        owner -> Nullable<Uuid>,
        commands -> Int4,
        recent_pages -> Int8,
        recent_pages_count -> Int2,
        empty_pages -> Int4,
        resume_at -> Nullable<Timestamptz>,
        spend -> Jsonb,
        recovery -> Nullable<Jsonb>,
        granted -> Nullable<Int8>,
        granted_month -> Nullable<Date>,
        searched_as -> Text,
        provider -> Nullable<Text>,
    }
}

diesel::table! {
    collection_schedule_firings (org_id, schedule_id, due_at) {
        org_id -> Uuid,
        schedule_id -> Uuid,
        due_at -> Timestamptz,
        state -> Text,
        detail -> Nullable<Text>,
        run_id -> Nullable<Uuid>,
        start_by -> Nullable<Timestamptz>,
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    collection_schedules (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        enabled -> Bool,
        cron -> Text,
        time_zone -> Text,
        category_ids -> Nullable<Array<Nullable<Text>>>,
        preset_id -> Nullable<Uuid>,
        template_id -> Nullable<Uuid>,
        overrides -> Jsonb,
        missed -> Text,
        missed_within_minutes -> Int4,
        next_due_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    collection_settings (org_id) {
        org_id -> Uuid,
        overrides -> Jsonb,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    collection_tasks (org_id, run_id, task_no) {
        org_id -> Uuid,
        run_id -> Uuid,
        task_no -> Int4,
        phase -> Text,
        state -> Text,
        finished -> Bool,
        claim_no -> Int4,
        next_page -> Int2,
        page_attempts -> Int2,
        crashes -> Int2,
        requests -> Int4,
        products -> Int4,
        rejected -> Bool,
        reprieved -> Bool,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        node_id -> Nullable<Text>,
        category -> Nullable<Text>,
        department -> Nullable<Text>,
        external_id -> Nullable<Text>,
        suspect -> Int2,
        job_id -> Nullable<Text>,
        empties -> Int4,
        given_up -> Bool,
    }
}

diesel::table! {
    engines (id) {
        id -> Uuid,
        name -> Text,
        beat -> Int8,
        started_at -> Timestamptz,
        beat_at -> Timestamptz,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    excluded_sellers (org_id, platform, normalised_name) {
        org_id -> Uuid,
        platform -> Text,
        normalised_name -> Text,
        excluded_at -> Timestamptz,
    }
}

diesel::table! {
    exported_sellers (org_id, entry_id, first_place) {
        org_id -> Uuid,
        entry_id -> Uuid,
        first_place -> Int8,
        seller_ids -> Array<Nullable<Uuid>>,
    }
}

diesel::table! {
    idempotency_keys (org_id, key) {
        org_id -> Uuid,
        key -> Text,
        request_hash -> Bytea,
        claim -> Uuid,
        status -> Nullable<Int2>,
        content_type -> Nullable<Text>,
        location -> Nullable<Text>,
        answer -> Nullable<Bytea>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    import_preview_parts (org_id, preview_id, part_no) {
        org_id -> Uuid,
        preview_id -> Uuid,
        part_no -> Int4,
        sellers -> Bytea,
    }
}

diesel::table! {
    import_previews (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        bad_count -> Int4,
        committed_at -> Nullable<Timestamptz>,
        entry_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    invitations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        email -> Text,
        email_key -> Text,
        role -> Text,
        token_hash -> Bytea,
        invited_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    memberships (org_id, user_id) {
        org_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    notices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        event -> Text,
        facts -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    org_months (org_id, month) {
        org_id -> Uuid,
        month -> Date,
        requests -> Int8,
        near_told -> Bool,
    }
}

diesel::table! {
    orgs (id) {
        id -> Uuid,
        name -> Text,
        runs_made -> Int4,
        created_at -> Timestamptz,
        sellers_arrived -> Int8,
    }
}

diesel::table! {
    product_searches (org_id, external_id, searched_as) {
        org_id -> Uuid,
        external_id -> Text,
        searched_as -> Text,
        searched_at -> Timestamptz,
    }
}

diesel::table! {
    raw_bodies (org_id, hash) {
        org_id -> Uuid,
        hash -> Bytea,
        packed -> Bytea,
        packed_bytes -> Int4,
        bytes -> Int4,
        kept_at -> Timestamptz,
    }
}

diesel::table! {
    raw_pages (org_id, run_id, task_no, request_no) {
        org_id -> Uuid,
        run_id -> Uuid,
        task_no -> Int4,
        request_no -> Int4,
        page -> Int2,
        seen_at -> Timestamptz,
        hash -> Bytea,
        form -> Text,
        why -> Text,
        message -> Text,
    }
}

diesel::table! {
    registry_heads (org_id) {
        org_id -> Uuid,
        change_no -> Int8,
        sellers -> Int8,
    }
}

diesel::table! {
    run_events (org_id, run_id, seq) {
        org_id -> Uuid,
        run_id -> Uuid,
        seq -> Int8,
        data -> Text,
    }
}

diesel::table! {
    run_exclusions (org_id, run_id, normalised_name) {
        org_id -> Uuid,
        run_id -> Uuid,
        normalised_name -> Text,
    }
}

diesel::table! {
    run_metrics (org_id, run_id) {
        org_id -> Uuid,
        run_id -> Uuid,
        to_seq -> Int8,
        metrics -> Jsonb,
    }
}

diesel::table! {
    run_removals (org_id, run_id) {
        org_id -> Uuid,
        run_id -> Uuid,
        removed_at -> Timestamptz,
        removed_of -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    run_sellers (org_id, run_id, normalised_name, seller_id, task_no, page, place) {
        org_id -> Uuid,
        run_id -> Uuid,
        normalised_name -> Text,
        seller_id -> Uuid,
        task_no -> Int4,
        page -> Int2,
        place -> Int2,
        seen_at -> Timestamptz,
        name -> Text,
        feedback_tenths -> Nullable<Int2>,
        feedback_count -> Nullable<Int8>,
        feedback_approx -> Bool,
        listing_id -> Nullable<Text>,
        title -> Text,
        price_minor -> Nullable<Int8>,
        price_currency -> Nullable<Text>,
        link -> Nullable<Text>,
    }
}

diesel::table! {
    run_templates (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        category_ids -> Nullable<Array<Nullable<Text>>>,
        preset_id -> Nullable<Uuid>,
        overrides -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    seller_audit_log (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        action -> Text,
        source -> Text,
        source_run_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        affected_count -> Int4,
        seller_count_snapshot -> Nullable<Int8>,
        change_no -> Nullable<Int8>,
        added_count -> Int4,
        removed_count -> Int4,
        excluded_count -> Int4,
        undoes_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        token_id -> Nullable<Uuid>,
        address -> Nullable<Text>,
        export -> Nullable<Jsonb>,
    }
}

diesel::table! {
    seller_changes (org_id, change_no) {
        org_id -> Uuid,
        change_no -> Int8,
        entry_id -> Nullable<Uuid>,
        seller_id -> Uuid,
        kind -> Text,
        name_before -> Nullable<Text>,
        name_after -> Nullable<Text>,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
        stands_as -> Nullable<Text>,
        until -> Nullable<Int8>,
    }
}

diesel::table! {
    sellers (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        platform -> Text,
        normalised_name -> Text,
        display_name -> Text,
        feedback_tenths -> Nullable<Int2>,
        feedback_count -> Nullable<Int8>,
        feedback_approx -> Bool,
        first_seen_at -> Timestamptz,
        first_seen_run_id -> Nullable<Uuid>,
        last_seen_at -> Timestamptz,
        last_seen_run_id -> Nullable<Uuid>,
        times_seen -> Int4,
        removed_at -> Nullable<Timestamptz>,
        flagged -> Bool,
        status -> Text,
        tags -> Array<Nullable<Text>>,
        note -> Nullable<Text>,
        seen_order -> Timestamptz,
        products_matched -> Int4,
        best_place -> Int2,
        arrival -> Nullable<Int8>,
        found_as -> Nullable<Text>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        email_key -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_deliveries (org_id, webhook_id, id) {
        org_id -> Uuid,
        webhook_id -> Uuid,
        id -> Uuid,
        event -> Text,
        subject -> Text,
        body -> Text,
        created_at -> Timestamptz,
        queued_at -> Timestamptz,
        next_attempt_at -> Nullable<Timestamptz>,
        attempts -> Int4,
        last_attempt_at -> Nullable<Timestamptz>,
        last_status -> Nullable<Int4>,
        last_error -> Nullable<Text>,
        delivered_at -> Nullable<Timestamptz>,
        given_up_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhooks (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        form -> Text,
        url -> Nullable<Text>,
        recipients -> Array<Nullable<Text>>,
        events -> Array<Nullable<Text>>,
        secret -> Bytea,
        enabled -> Bool,
        failing_since -> Nullable<Timestamptz>,
        switched_off -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::joinable!(amazon_category_presets -> orgs (org_id));
diesel::joinable!(api_tokens -> orgs (org_id));
diesel::joinable!(audit_heads -> orgs (org_id));
diesel::joinable!(audit_log -> orgs (org_id));
diesel::joinable!(collection_runs -> orgs (org_id));
diesel::joinable!(collection_schedules -> orgs (org_id));
diesel::joinable!(collection_settings -> orgs (org_id));
diesel::joinable!(excluded_sellers -> orgs (org_id));
diesel::joinable!(idempotency_keys -> orgs (org_id));
diesel::joinable!(import_previews -> orgs (org_id));
diesel::joinable!(invitations -> orgs (org_id));
diesel::joinable!(memberships -> orgs (org_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(notices -> orgs (org_id));
diesel::joinable!(org_months -> orgs (org_id));
diesel::joinable!(product_searches -> orgs (org_id));
diesel::joinable!(raw_bodies -> orgs (org_id));
diesel::joinable!(registry_heads -> orgs (org_id));
diesel::joinable!(run_templates -> orgs (org_id));
diesel::joinable!(seller_audit_log -> orgs (org_id));
diesel::joinable!(sellers -> orgs (org_id));
diesel::joinable!(webhooks -> orgs (org_id));

diesel::allow_tables_to_appear_in_same_query!(
    amazon_categories,
    amazon_category_presets,
    api_tokens,
    audit_heads,
    audit_log,
    collection_item_categories,
    collection_items,
    collection_runs,
    collection_schedule_firings,
    collection_schedules,
    collection_settings,
    collection_tasks,
    engines,
    excluded_sellers,
    exported_sellers,
    idempotency_keys,
    import_preview_parts,
    import_previews,
    invitations,
    memberships,
    notices,
    org_months,
    orgs,
    product_searches,
    raw_bodies,
    raw_pages,
    registry_heads,
    run_events,
    run_exclusions,
    run_metrics,
    run_removals,
    run_sellers,
    run_templates,
    seller_audit_log,
    seller_changes,
    sellers,
    users,
    webhook_deliveries,
    webhooks,
);

#include "server/io/world.h"

#include "server/io/clock.h"
#include "tests/support/file.h"
#include "tests/support/folder.h"

static int64_t host_s;

static int64_t fake_host_clock(void)
{
    return host_s;
}

static void the_clock_knows_nothing_until_it_is_told(void **state)
{
    (void)state;
    rpl_clock clock;
    rpl_clock_init(&clock, RPL_TIME_MAX_AGE_MS, NULL);
    const rpl_time start = rpl_clock_read(&clock);
    assert_false(start.trusted);
    assert_true(start.floor_s > 1700000000);
    assert_int_equal(start.now_s, start.floor_s);
    const int64_t boot_ms = rpl_clock_boot_ms();
    const rpl_time_agreement agreed = {.offset_ms = (start.floor_s + 5000) * 1000 - boot_ms,
                                       .boot_ms = boot_ms};
    rpl_clock_take(&clock, &agreed);
    const rpl_time told = rpl_clock_read(&clock);
    assert_true(told.trusted);
    assert_true(told.now_s >= start.floor_s + 5000);
    assert_true(told.boot_ms >= start.boot_ms);
    assert_int_equal(told.floor_s, start.floor_s);
    rpl_clock_raise_floor(&clock, told.now_s + 1000000);
    assert_int_equal(rpl_clock_read(&clock).now_s, told.now_s + 1000000);
    rpl_clock_raise_floor(&clock, told.now_s);
    assert_int_equal(rpl_clock_read(&clock).floor_s, told.now_s + 1000000);
}

static void a_host_clock_counts_only_when_it_is_given_and_above_the_floor(void **state)
{
    (void)state;
    rpl_clock clock;
    rpl_clock_init(&clock, RPL_TIME_MAX_AGE_MS, fake_host_clock);
    host_s = INT32_MAX;
    assert_int_equal(rpl_clock_read(&clock).now_s, host_s);
    assert_string_equal(rpl_clock_read(&clock).source, "host clock");
    host_s = 5;
    assert_int_equal(rpl_clock_read(&clock).now_s, rpl_clock_read(&clock).floor_s);
}

static rpl_world *world_over(const char *untrusted_dir)
{
    const rpl_world_config config = {.untrusted_dir = untrusted_dir,
                                     .files = {.file = file, .mode = 0600, .total_max = 4096}};
    rpl_world *world = NULL;
    assert_ok(rpl_world_new(&config, &world));
    return world;
}

static void the_env_file_is_made_with_its_folder_and_replaced_whole(void **state)
{
    (void)state;
    char path[128];
    struct stat st;
    size_t len;
    rpl_world *world = world_over(at(folder, "untrusted"));
    const rpl_ports *ports = rpl_world_ports(world);
    assert_ok(ports->write_untrusted_env(ports->self, rpl_bytes_of_text("A='1'\nB='2'\n")));
    assert_ok(ports->write_untrusted_env(ports->self, rpl_bytes_of_text("A='3'\n")));
    snprintf(path, sizeof(path), "%s/untrusted/private.env", folder);
    uint8_t *text = read_file(path, &len);
    assert_string_equal((const char *)text, "A='3'\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    free(text);
    rpl_world_free(world);
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    rpl_world *world = world_over(at(folder, "no/such/folder"));
    const rpl_ports *ports = rpl_world_ports(world);
    const rpl_status s = ports->write_untrusted_env(ports->self, rpl_bytes_of_text("A='1'\n"));
    assert_int_equal(s.code, RPL_UNAVAILABLE);
    assert_non_null(strstr(s.what, "REPLICATOOR_UNTRUSTED_DIR"));
    rpl_world_free(world);
}

static void files_and_randomness_are_the_real_ones(void **state)
{
    (void)state;
    uint8_t left[32] = {0}, right[32] = {0};
    rpl_file_list list = {0};
    rpl_world *world = world_over(folder);
    const rpl_ports *ports = rpl_world_ports(world);
    ports->random(ports->self, left, sizeof(left));
    ports->random(ports->self, right, sizeof(right));
    assert_memory_not_equal(left, right, sizeof(left));
    put(file, "secret");
    assert_ok(ports->read_files(ports->self, &list));
    assert_int_equal(list.count, 1);
    rpl_file_list_free(&list);
    ports->reached(ports->self, "receive.written");
    assert_string_equal(ports->agent_name(ports->self), "");
    rpl_world_free(world);
}

static void a_bad_collateral_address_makes_no_world(void **state)
{
    (void)state;
    const rpl_world_config config = {.collateral_urls = "https://host/path"};
    rpl_world *world = NULL;
    assert_code(rpl_world_new(&config, &world), RPL_MALFORMED);
    assert_null(world);
    rpl_world_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_clock_knows_nothing_until_it_is_told),
        IN_A_FOLDER(a_host_clock_counts_only_when_it_is_given_and_above_the_floor),
        IN_A_FOLDER(the_env_file_is_made_with_its_folder_and_replaced_whole),
        IN_A_FOLDER(a_folder_that_cannot_be_made_is_told),
        IN_A_FOLDER(files_and_randomness_are_the_real_ones),
        IN_A_FOLDER(a_bad_collateral_address_makes_no_world),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
